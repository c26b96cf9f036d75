from __future__ import annotations

import ast
import inspect
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from assistant import documents, errors
from assistant.answer import NO_WORDS, NOT_COVERED
from assistant.locate import ABSENT, IN_NONE, INSTEAD, MISSING, MORE, SHARED, SHARED_BY_NAME
from assistant.page import SIGNS, WEB, kept
from assistant.records import REASONS
from assistant.related import TOPICS
from assistant.render import CONTACTS, KINDS, VERDICTS
from assistant.report import SKIPPED
from assistant.settings import PACKAGE
from assistant.small_talk import REPLIES
from assistant.statements import KINDS_OF_DOCUMENTS
from assistant.wording import english, language_of, translator

TEMPLATES = sorted((WEB / "templates").glob("*.html"))
MODULES = sorted(PACKAGE.glob("*.py"))
COMMAND_LINE = {
    "batch",
    "cli",
    "cli_check",
    "cli_holdings",
    "cli_questions",
    "cli_records",
    "editing",
    "terminal",
}  # no page shows what these say
ERRORS = {name for name, value in inspect.getmembers(errors, inspect.isclass) if issubclass(value, errors.AssistantError)}
DICTIONARIES = {"SKIPPED": SKIPPED, "KINDS": KINDS, "VERDICTS": VERDICTS, "CONTACTS": CONTACTS, "SIGNS": SIGNS}
AT_NUMBERS = {ABSENT, MISSING + IN_NONE, MISSING + INSTEAD, SHARED, SHARED_BY_NAME, MORE}
ASKED_FOR = {MISSING + IN_NONE, MISSING + INSTEAD, MISSING}
CHECK = "请核对编号, 或按文字搜索。"
NOTES = {*REPLIES.values(), NOT_COVERED, NO_WORDS, "这份政策没有写到: {}", *AT_NUMBERS, *(words + CHECK for words in ASKED_FOR)}
NOTES.add(ABSENT + "请核对文档名, 或按文字搜索。")
STAGES = {"读取", "正在取消", "解析", "向量", "建立索引", "写入"}  # of a change of the documents, and how it ends
ENDS = {documents.ADDED, documents.REMOVED, documents.CANCELLED, documents.BROKEN}
WORDS = {name: set(values.values()) for name, values in DICTIONARIES.items()}
WORDS |= {"TOPICS": {topic for topic, _ in TOPICS}, "REASONS": set(REASONS), "notes": NOTES}
WORDS |= {"KINDS_OF_DOCUMENTS": set(KINDS_OF_DOCUMENTS), "STAGES": STAGES, "ENDS": ENDS}
# what reaches t() in a variable that no template gives its values: the strings that it can hold
HANDED_OVER = {
    "topic": WORDS["TOPICS"],
    "note": NOTES,
    "answer.note": NOTES,
    "excerpt.note": NOTES,
    "row.kind": WORDS["KINDS_OF_DOCUMENTS"],
}
# what reaches t() in a variable of Python and is no constant: the messages of errors, which errors_of collects
MESSAGES = {"message", "str(error)", "self.stage", "self.message", "self.error"}
CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]")

Names = dict[str, set[str]]


class Unknown(AssertionError):
    """Something reaches t() of which this test cannot tell the words."""


def of_template(source: str) -> set[str]:
    """Return all that a template may hand to t()."""
    return set(_of_node(Environment().parse(source), {}))


def _of_node(node: nodes.Node, names: Names) -> Iterator[str]:
    if isinstance(node, nodes.For):
        names = names | _looped(node)
    if isinstance(node, nodes.Call) and isinstance(node.node, nodes.Name) and node.node.name == "t":
        yield from _words(node.args[0], names)
    for child in node.iter_child_nodes():
        yield from _of_node(child, names)


def _words(node: nodes.Node, names: Names) -> set[str]:
    """Return the strings that an expression can be."""
    match node:
        case nodes.Const():
            return {node.value}
        case nodes.CondExpr():
            return _words(node.expr1, names) | _words(node.expr2, names)
        case nodes.Name() if node.name in names:
            return names[node.name]
        case nodes.Getitem(node=nodes.Name(name=name)) if name in DICTIONARIES:
            return WORDS[name]
        case nodes.Name(name=name) | nodes.Getattr(node=nodes.Name(name=name)):
            full = f"{name}.{node.attr}" if isinstance(node, nodes.Getattr) else name
            if full in HANDED_OVER:
                return HANDED_OVER[full]
    raise Unknown(f"line {node.lineno}: {node}")


def _looped(node: nodes.For) -> Names:
    """Return the names of a loop over constants or over one of the dictionaries, with the strings that each takes."""
    match node.iter:
        case nodes.Call(node=nodes.Getattr(node=nodes.Name(name=name), attr="items")) if name in DICTIONARIES:
            rows = list(DICTIONARIES[name].items())
        case _:
            try:
                rows = node.iter.as_const()
            except nodes.Impossible:
                return {}
    if isinstance(node.target, nodes.Name):
        return {node.target.name: set(rows)}
    return {target.name: {row[n] for row in rows} for n, target in enumerate(node.target.items)}


def of_module(source: str) -> set[str]:
    """Return all that a module hands to t() or to translator(...)()."""
    tree = ast.parse(source)
    constants: Names = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and isinstance(node.value, ast.Constant):
            constants.setdefault(node.targets[0].id, set()).add(node.value.value)
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="t") | ast.Call(func=ast.Name(id="translator")), args=[first, *_]):
                found |= _said(first, constants)
    return found


def _said(node: ast.expr, constants: Names) -> set[str]:
    """Return the strings that an expression can be."""
    match node:
        case ast.Constant(value=str(words)):
            return {words}
        case ast.IfExp():
            return _said(node.body, constants) | _said(node.orelse, constants)
        case ast.Name(id=name) if name in constants:
            return constants[name]
    if ast.unparse(node) in MESSAGES:
        return set()
    raise Unknown(f"line {node.lineno}: {ast.unparse(node)}")


def errors_of(source: str) -> set[str]:
    """Return the messages that a module raises, or shows as an apology; of those with values, what a page can show."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(
                func=ast.Name(id="QuestionError" | "ClauseNotFound" | "HoldingsError"), args=[ast.JoinedStr(values=pieces), *_]
            ):
                found.add("".join(p.value if isinstance(p, ast.Constant) else "{}" for p in pieces))
            case ast.Call(func=ast.Name(id=name), args=[ast.Constant(value=str(words)), *_]) if name in ERRORS:
                found.add(words)
            case ast.Call(func=ast.Name(id="apology"), args=[_, _, ast.Constant(value=str(words)), *_]):
                found.add(words)
    return found


@cache
def everything() -> set[str]:
    """Return every string of the interface."""
    found: set[str] = set().union(*WORDS.values())
    found = found.union(*(of_template(file.read_text("utf-8")) for file in TEMPLATES))
    found = found.union(*(of_module(file.read_text("utf-8")) for file in MODULES))
    return found.union(*(errors_of(file.read_text("utf-8")) for file in MODULES if file.stem not in COMMAND_LINE))


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.name)
def test_all_words_of_a_template_have_english(file: Path) -> None:
    assert not of_template(file.read_text("utf-8")) - english().keys()


@pytest.mark.parametrize("file", MODULES, ids=lambda file: file.stem)
def test_all_words_of_a_module_have_english(file: Path) -> None:
    source = file.read_text("utf-8")
    said = of_module(source) | (set() if file.stem in COMMAND_LINE else errors_of(source))
    assert not said - english().keys()


@pytest.mark.parametrize("name", WORDS)
def test_all_words_of_a_dictionary_have_english(name: str) -> None:
    assert not WORDS[name] - english().keys()


def test_no_line_is_left_over() -> None:
    assert not english().keys() - everything()


def test_chinese_words_of_a_template_go_through_t() -> None:
    """Chinese that stands in a template outside of t() cannot be put into English."""
    marks = re.compile("[《》、\u3000]")  # around titles, between numbers, before the chapters of a list
    plain = {"中文", "用户画像", '"用户画像"', '"个人信息" -营销', "五、4"}  # the other language, and examples to search for
    for file in TEMPLATES:
        tree = Environment().parse(file.read_text("utf-8"))
        written = {node.data for node in tree.find_all(nodes.TemplateData)}
        written |= {node.value for node in tree.find_all(nodes.Const) if isinstance(node.value, str)}
        loose = written - of_template(file.read_text("utf-8")) - plain
        assert not [words for words in loose if CHINESE.search(marks.sub("", words))], file.name


def test_the_search_for_words_sees_what_a_template_adds() -> None:
    template = """
        {{ t('甲') }} <b title="{{ t("乙 {}", n) }}">{{ t('丙' if n else '丁') | upper }}</b>
        {% for key, what in (("a", "戊"), ("b", "己")) %}{{ key }}{{ t(what) }}{% endfor %}
        {% for reason in ("庚", "辛") %}{{ t(reason) }}{% endfor %}{% macro part(t) %}{{ t('壬') }}{% endmacro %}
        {% for value, name in SIGNS.items() %}{{ t(name) }}{% endfor %}{{ t(KINDS[kind]) }}{{ cut('癸') }}
    """
    assert of_template(template) == {*"甲丙丁戊己庚辛壬", "乙 {}", *SIGNS.values(), *KINDS.values()}
    with pytest.raises(Unknown):
        of_template("{{ t(something) }}")
    with pytest.raises(Unknown):
        of_template("{% for what in things %}{{ t(what) }}{% endfor %}")


def test_the_search_for_words_sees_what_a_module_adds() -> None:
    module = 'W = "甲"\nt(W); t("乙" if x else "丙"); translator(language)("{} 丁", 1); t(str(error)); cut("戊")'
    assert of_module(module) == {*"甲乙丙", "{} 丁"}
    assert errors_of('QuestionError("甲"); QuestionError(f"乙{x}"); apology(pages, request, "丙", 404)') == {"甲", "乙{}", "丙"}
    with pytest.raises(Unknown):
        of_module("t(something())")


def test_lines_are_pairs_and_none_is_there_twice() -> None:
    lines = (PACKAGE / "english.tsv").read_text("utf-8").splitlines()
    pairs = [line.split("\t") for line in lines if line and not line.startswith("#")]
    assert all(len(pair) == 2 and all(words and words == words.strip() for words in pair) for pair in pairs)
    assert not [words for words, count in Counter(chinese for chinese, _ in pairs).items() if count > 1]


def test_both_sides_hold_as_many_values() -> None:
    assert not [chinese for chinese, words in english().items() if chinese.count("{}") != words.count("{}")]


def test_chinese_stands_on_the_left_and_only_there() -> None:
    assert not [words for words in english().values() if CHINESE.search(words)]
    assert all(CHINESE.search(words) for words in english())


def test_values_are_put_in_in_their_order() -> None:
    for language, words in (("zh", "其中 2 条含原词, 5 条意思相近"), ("en", "2 with these words, 5 close in meaning")):
        assert translator(language)("其中 {} 条含原词, {} 条意思相近", 2, 5) == words
    assert translator("en")("选中 {}", "五、4") == "Select 五、4"


def test_chinese_stays_as_it_is_written() -> None:
    assert [translator("zh")(words) for words in english()] == list(english())


def test_english_is_what_the_file_says() -> None:
    assert [translator("en")(words) for words in english()] == list(english().values())


def test_words_that_are_not_in_the_file_stay_as_they_are() -> None:
    for words in ("《隐私政策》五、4 注销", "", "{}", "already English"):
        assert translator("en")(words) == translator("zh")(words) == words


@pytest.mark.parametrize("wanted", ["en", "EN", "en-US", "english"])
def test_english_is_asked_for(wanted: str) -> None:
    assert language_of(wanted) == "en"


@pytest.mark.parametrize("wanted", ["", None, "zh", "zh-CN", "fr", " en"])
def test_anything_else_is_chinese(wanted: str | None) -> None:
    assert language_of(wanted) == "zh"


@pytest.mark.parametrize("stored", [True, False])
def test_what_is_kept_is_said_in_both_languages(stored: bool) -> None:
    assert CHINESE.search(kept(stored, "zh")) and not CHINESE.search(kept(stored, "en"))
