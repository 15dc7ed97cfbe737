"""Templates, rendered once per page and language: no page holds anything of a person."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from server.pages.context import Context
from server.pages.document import Document
from server.pages.languages import LANGUAGES, translations
from server.pages.static_files import StaticFiles

TEMPLATES: Final = Path(__file__).resolve().parents[2] / "web" / "templates"


class Templates:
    """Renders pages and keeps them."""

    def __init__(self, context: Context, static: StaticFiles) -> None:
        self._context = context
        self._static = static
        self._environments: dict[str, Environment] = {}
        self._documents: dict[tuple[str, str], Document] = {}

    def page(self, name: str, language: str) -> Document:
        """Return a page in a language."""
        key = (name, language)
        if key not in self._documents:
            html = self._environment(language).get_template(name).render()
            self._documents[key] = Document.of(html.encode(), "text/html")
        return self._documents[key]

    def _environment(self, language: str) -> Environment:
        if language not in self._environments:
            self._environments[language] = self._make(language)
        return self._environments[language]

    def _make(self, language: str) -> Environment:
        environment = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        words = translations(language)
        # The extension adds these methods; without them `{% trans %}` knows no words.
        environment.install_gettext_translations(words, newstyle=True)  # type: ignore[attr-defined]
        environment.globals.update(
            # For texts of the configuration: `_` takes its texts for HTML, as ours may be.
            said=words.gettext,
            language=language,
            languages=tuple(LANGUAGES.items()),
            static=self._static.address,
            modules=self._static.modules,
            exit_url=self._context.exit_url,
            helplines=self._context.helplines,
            contact=self._context.contact,
            guidelines_version=self._context.guidelines,
        )
        return environment
