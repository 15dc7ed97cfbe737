"""Tests of the rules; they import nothing but the engine and the standard library."""
