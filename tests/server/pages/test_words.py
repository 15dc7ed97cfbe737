"""Every text of the product has its Hindi and its Marathi, whole and unbroken."""

from __future__ import annotations

import hashlib
import re
from functools import cache

import pytest
from babel.messages.catalog import Catalog, Message

from server.pages import GUIDELINES_VERSION
from server.pages.languages import LANGUAGES
from server.pages.templates import TEMPLATES
from web import collect

# {name} of JavaScript and Python, %(name)s of templates, and tags.
BRACES = re.compile(r"\{\w+\}")
PERCENTS = re.compile(r"%\(\w+\)s")
TAGS = re.compile(r"</?\w+>")

LATIN = re.compile(r"[A-Za-z]{2,}")
# What is written in Latin letters in the other languages too.
LATIN_WORDS = {"Thera", "Peer", "Tele", "MANAS", "JavaScript"}

# Who changes the guidelines gives them a new version, and writes both down here.
CONSENTED = ("2026-11", "038c0af0e821f97a")


@cache
def template() -> Catalog:
    return collect.collect()


def forms(value: str | tuple[str, ...] | list[str] | None) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value or ())


def messages(language: str) -> dict[object, Message]:
    return {message.id: message for message in collect.read(language) if message.id}


@pytest.mark.parametrize("language", collect.PLURALS)
def test_every_text_is_translated(language: str) -> None:
    known = messages(language)
    missing = [
        each.id
        for each in template()
        if each.id and (each.id not in known or not collect.is_translated(known[each.id].string))
    ]
    assert missing == [], "run `python web/collect.py` and translate what it lists"


@pytest.mark.parametrize("language", collect.PLURALS)
def test_no_translation_is_a_guess_or_left_over(language: str) -> None:
    catalogue = collect.read(language)
    texts = {each.id for each in template()}
    assert [each.id for each in catalogue if each.id and each.fuzzy] == []
    assert [each.id for each in catalogue if each.id and each.id not in texts] == []


@pytest.mark.parametrize("pattern", [BRACES, PERCENTS, TAGS], ids=["braces", "percents", "tags"])
@pytest.mark.parametrize("language", collect.PLURALS)
def test_placeholders_and_tags_survive_translation(language: str, pattern: re.Pattern[str]) -> None:
    for message in messages(language).values():
        wanted = sorted(pattern.findall(forms(message.id)[-1]))
        for form in filter(None, forms(message.string)):
            assert sorted(pattern.findall(form)) == wanted, form


@pytest.mark.parametrize("language", collect.PLURALS)
def test_a_text_with_a_number_has_a_form_for_one_and_for_many(language: str) -> None:
    for message in messages(language).values():
        if isinstance(message.id, tuple):
            assert len(forms(message.string)) == 2, message.id


@pytest.mark.parametrize("language", collect.PLURALS)
def test_no_english_is_left_in_a_translation(language: str) -> None:
    for message in messages(language).values():
        for form in forms(message.string):
            bare = TAGS.sub("", PERCENTS.sub("", BRACES.sub("", form)))
            assert set(LATIN.findall(bare)) <= LATIN_WORDS, form


def test_no_text_shouts() -> None:
    for message in template():
        assert not any("!" in form for form in forms(message.id)), message.id


def test_every_language_but_the_source_has_a_catalogue() -> None:
    assert {"en", *collect.PLURALS} == set(LANGUAGES)


def test_words_in_templates_within_templates_of_javascript_are_found() -> None:
    texts = {each.id for each in template()}
    assert "This link is no longer valid." in texts
    assert ("about {n} minute", "about {n} minutes") in texts


def test_changed_guidelines_have_a_new_version() -> None:
    text = (TEMPLATES / "parts" / "guidelines.html").read_bytes()
    assert (GUIDELINES_VERSION, hashlib.sha256(text).hexdigest()[:16]) == CONSENTED
