"""All texts that the code says, and the catalogs that say them in other languages.

`TARIFFWIRE_GOLDEN=write` adds what is new to the catalogs, untranslated, and drops what is gone.
"""

import ast
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import write_po
from jinja2 import Environment
from jinja2.nodes import Call, Const, Name

from service.core.language.catalog import Language, read_catalog

SERVICE = Path(__file__).parents[3] / "service"
CORE, WEB = SERVICE / "core", SERVICE / "web"
CATALOGS = CORE / "language" / "catalogs"

Text = tuple[str, str]  # context, English
Texts = dict[Text, str]  # and its plural, where it has one


@cache
def collect() -> Texts:
    """From the code, and from the templates of letters and pages."""
    found: Texts = {}
    for source in (*sorted(CORE.glob("**/*.py")), *sorted(WEB.glob("*.py"))):
        found |= _in_code(source.read_text("utf-8"))
    letters, pages = CORE.glob("message/letters/*.j2"), WEB.glob("pages/*.j2")
    for template in (*sorted(letters), *sorted(pages)):
        found |= _in_template(template.read_text("utf-8"))
    return found


def _in_code(source: str) -> Texts:
    found: Texts = {}
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
        texts = [_constants(argument) for argument in node.args]
        if name in {"say", "noted"}:
            found |= {("", text): "" for text in texts[0]}
        if name in {"count", "find_number"} and all(texts[:2]) and texts[1:]:
            found["", texts[0][0]] = texts[1][0]
        if name == "say_as" and texts[1]:
            contexts = texts[0] or ["doer", "other"]  # the two places of a party
            found |= {(context, text): "" for context in contexts for text in texts[1]}
    return found


def _constants(node: ast.expr) -> list[str]:
    if isinstance(node, ast.IfExp):
        return _constants(node.body) + _constants(node.orelse)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    return []


def _in_template(source: str) -> Texts:
    calls = Environment(autoescape=True).parse(source).find_all(Call)
    return {
        ("", call.args[0].value): ""
        for call in calls
        if isinstance(call.node, Name)
        and call.node.name == "say"
        and isinstance(call.args[0], Const)
    }


def renew(language: Language) -> None:
    """Write the catalog anew, in the order of the code, with the translations that it has."""
    held = read_catalog(language)
    fresh = Catalog(locale=language.value, header_comment=held.header_comment, fuzzy=False)
    for (context, text), plural in collect().items():
        known = held.get((text, plural) if plural else text, context or None)
        empty = ("",) * fresh.num_plurals if plural else ""
        fresh.add(
            (text, plural) if plural else text,
            known.string if known else empty,
            context=context or None,
        )
    written = BytesIO()
    write_po(written, fresh, width=0, omit_header=True)
    (CATALOGS / f"{language}.po").write_bytes(
        _HEADER.format(language=language, plurals=fresh.plural_forms).encode() + written.getvalue()
    )


_HEADER = """msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals}\\n"

"""
