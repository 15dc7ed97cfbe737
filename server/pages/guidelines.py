"""The version of the guidelines that people consent to.

A new version for every change of meaning in templates/parts/guidelines.html: who
agreed to an older one is asked again.
"""

from typing import Final

GUIDELINES_VERSION: Final = "2026-11"
