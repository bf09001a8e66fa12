"""Talk of "the text", "the given entities", "根据上述材料": what the writer saw, and the reader does not.

Ordinary sentences use the same words: a factory is no fact, a bank's statement says something, an applicant
hands in documents. So a word alone never counts, only a phrase that points at the input of the request; a
phrase with a complement ("the text of the treaty") names a thing of its own.
"""

import re

from kg_assets.domain import QaPair
from kg_assets.quality.gates.gate import Gate, Rule


def input_reference(text: str, *, question: bool) -> str:
    """The first phrase of `text` that points at an input its reader does not have, or an empty string.

    A question must stand alone; an answer may point back at its own words ("the following documents").
    """
    patterns = (*_ANYWHERE, *_IN_QUESTIONS) if question else _ANYWHERE
    found = [match for pattern in patterns if (match := pattern.search(text))]
    return min(found, key=lambda match: match.start()).group(0).strip() if found else ""


_PASSAGE = r"(?:texts?|passages?|excerpts?|paragraphs?|snippets?)"
_PAPER = r"(?:articles?|documents?)"
_SAID = r"(?:facts?|statements?|descriptions?|information|context)"
_GIVEN = r"(?:above|given|following|provided|preceding|aforementioned|supplied|previous|source|input)"
_THE = r"(?:the|this|that|these|those)"
# "the text of", "the information provided by", "the document issued", "the context-free grammar"
_ALONE = (
    r"\b(?!['’-]\w|\s+(?:of|by|from|for|on|that|which|whose|between|held|kept)\b"
    r"|\s+(?!provided|mentioned|listed|described)\w+ed\b)"
)
_SAYS = (
    r"(?:says?|states?|mentions?|describes?|explains?|discuss(?:es)?|specif(?:y|ies)|indicates?|suggests?"
    r"|notes?)"
)
_ADVERBS = r"(?:(?:does|do|did)\s+not\s+|(?:does|do|did)n['’]t\s+|also\s+|only\s+|explicitly\s+|further\s+)*"
_SAID_THERE = (
    r"(?:stated|described|mentioned|noted|explained|shown|given|outlined|discussed|indicated|presented"
    r"|provided)"
)
_NOT = r"(?:does\s+not|do\s+not|doesn['’]t|don['’]t)"

_ENGLISH = (
    # according to the text, based on the given facts, as described in this document
    rf"\b(?:according\s+to|based\s+(?:up)?on|judging\s+(?:by|from)|as\s+(?:is\s+)?{_SAID_THERE}\s+(?:in|by))\s+"
    rf"(?:only\s+|solely\s+)?(?:(?:{_THE}\s+)?{_GIVEN}\s+(?:{_PASSAGE}|{_PAPER}|{_SAID})"
    rf"|{_THE}\s+(?:{_PASSAGE}|{_PAPER})|the\s+{_SAID}){_ALONE}",
    # the given entities, the above statement, given the facts
    rf"\b{_THE}\s+(?:above|given|provided|aforementioned|supplied|mentioned)\s+"
    rf"(?:(?:entity|entities|relations?|relationships?)\b|(?:{_SAID}|{_PASSAGE}){_ALONE})",
    rf"(?:^|[.?!]\s+)given\s+the\s+(?:above\s+)?(?:{_SAID}|{_PASSAGE}){_ALONE}",
    rf"\b(?:from|in|within|using)\s+the\s+(?:given|provided|supplied)\s+(?:information|details|{_PAPER}){_ALONE}",
    r"\bthe\s+(?:information|facts?|texts?|passage|context|details|descriptions?|statements?)\s+"
    r"(?:(?:provided|given|presented|supplied)\s+)?(?:above|below)\b",
    r"\bthe\s+(?:information|facts|texts?|passage|context|details)\s+(?:provided|given)\s*(?=[?.,;:!]|$)",
    # the text says, does the passage mention, the document does not contain
    rf"\b(?:the|this)\s+(?:{_GIVEN}\s+)?(?:{_PASSAGE}|{_PAPER}|description|context)\s+{_ADVERBS}{_SAYS}\b",
    rf"\b(?:the|this)\s+(?:{_GIVEN}\s+)?(?:facts|statements?)\s+{_ADVERBS}(?:says?|states?|mentions?|describes?)\b",
    rf"\b(?:does|do|did)\s+(?:the|this)\s+(?:{_GIVEN}\s+)?(?:{_PASSAGE}|{_PAPER}|description|context|facts"
    r"|statement)\s+(?:say|state|mention|describe|explain|discuss|specify|indicate|suggest|imply|note|tell)\b",
    rf"\bthe\s+(?:{_GIVEN}\s+)?(?:{_PASSAGE}|context|facts|information|input)\s+{_NOT}\s+"
    r"(?:contain|provide|include|give|offer|say|tell)\b",
    # mentioned in the passage, the main idea of the text, in the text?
    rf"\b(?:mentioned|stated|described|discussed|listed|presented|cited|referred\s+to|named|given|provided"
    rf"|found)\s+(?:in|by|within)\s+{_THE}\s+(?:{_GIVEN}\s+)?(?:{_PASSAGE}|facts|information|context){_ALONE}",
    rf"\b(?:mentioned|described|discussed|referred\s+to)\s+(?:in|by|within)\s+{_THE}\s+(?:{_GIVEN}\s+)?"
    rf"(?:{_PAPER}|descriptions?|statements?|input){_ALONE}",
    rf"\b(?:idea|point|topic|theme|subject|argument|message|focus|author|gist)\s+of\s+(?:the|this)\s+"
    rf"(?:{_PASSAGE}|{_PAPER}){_ALONE}",
    rf"\b(?:in|from|within)\s+(?:the|this)\s+{_PASSAGE}\s*(?=[?.,;:!]|$)",
)
_ENGLISH_IN_QUESTIONS = (
    r"\bof\s+the\s+following\s+(?:facts|statements|sentences|texts|options|choices)\b",
    rf"\bthe\s+following\s+(?:{_PASSAGE}|facts?|statements?|descriptions?|context)\b",
    r"\bis\s+(?:the|this)\s+statement\s+(?:true|false|correct|accurate)\b",
)

_DOC = r"(?:文本|文字|段落|文段|文档|文章|材料|资料|原文|上文|上下文|事实|陈述|描述|内容|信息|输入)"
_ENDS = (
    r"(?=[，,、。？?：:；;\s]|$|中|里|内容|所[述示说提]|可知|可得|显示|描述|介绍|回答|判断"
    r"|的(?:描述|内容|介绍|说法|信息|陈述|叙述))"
)
_BY = r"(?:根据|依据|按照|基于|依照|结合)"
_BEGINS = r"(?:^|[，。？！：；、\s]|在|从|由|如|据)"
_CHINESE = (
    # 根据上述材料，基于所给信息
    rf"{_BY}(?:以上|上述|前述|给定的?|所给的?|所?提供的|这段|这些){_DOC}{_ENDS}",
    rf"{_BY}(?:该|本|此|这篇|这个)(?:文本|文段|段落|文档|文章|陈述|描述){_ENDS}",
    # 根据文本， only where a sentence begins: 法院根据事实，… is a sentence of its own
    r"(?:^|[。？！；，,\s]|请)(?:根据|依据|按照|基于)"
    rf"(?:文本|文字|段落|文段|文档|文章|材料|原文|上文|上下文|事实|陈述|描述){_ENDS}",
    # 文中提到, but not 论文中提到
    rf"{_BEGINS}(?:文中的|(?:文中|上文中?|原文中?)所?(?:提到|提及|述|指出|说|描述|介绍))",
    rf"{_BEGINS}(?:文本|段落|文段|材料|文章|文档)(?:中|里)?所?(?:提到|提及|述|指出|描述了|介绍了)",
    r"(?:给定|所给)的?(?:实体|关系|事实|文本|文字|段落|文段|陈述|描述|上下文|信息|材料|内容)",
    r"(?:提供|上述|以上|前述)的?(?:实体|文本|文段|段落|上下文)",
    r"(?:这段|该段|本段|此段)(?:文字|文本|话|描述|内容|材料)|这篇(?:文章|文本|文字|文档)",
    r"从(?:上文|原文|文本|材料|段落)中?(?:可知|可以看出|得知|来看)",
    r"(?:^|[，。？！：；、\s])本文(?:主要)?(?:介绍|提到|描述|指出|讲述|讨论)",
)
_CHINESE_IN_QUESTIONS = (
    r"(?:上述|以上|下列|以下)(?:文字|文章|文档|关系|陈述|描述|说法|事实)",
    r"(?:该|此|这个|这一|这条)(?:陈述|说法|事实|描述)(?:是否|正确|对吗|是真)",
)


def _compiled(*patterns: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


_ANYWHERE = _compiled(*_ENGLISH, *_CHINESE)
_IN_QUESTIONS = _compiled(*_ENGLISH_IN_QUESTIONS, *_CHINESE_IN_QUESTIONS)


def stands_alone(pair: QaPair) -> str:
    """No talk of "the passage" or "the given entities", which the model to be trained never sees."""
    for field, text in (("question", pair.question), ("answer", pair.answer)):
        if phrase := input_reference(text, question=field == "question"):
            return f"The {field} speaks of {phrase!r}, which its reader does not have."
    return ""


REFERS_TO_INPUT = Gate(
    "refers_to_input", "The pair speaks of nothing that its reader does not have.", "1", Rule(stands_alone)
)
