"""The trainee's yes or no to one statement as a probability: from token log-probabilities, or by sampling."""

import math
import re
from collections.abc import Sequence

from kg_assets.domain import Judgement, Statement
from kg_assets.stage.ledger import Dropped
from kg_assets.stage.prompts import payload_message, system_prompt
from resources.models.types import Ask, ChatRequest, ChatResponse, Message, TokenCandidate

JUDGEMENTS_VERSION = "1"
YES = frozenset({"yes", "true", "correct", "是", "是的", "对", "对的", "正确"})
NO = frozenset({"no", "false", "incorrect", "wrong", "否", "错", "错误", "不", "不是", "不对", "不正确"})
_TOP_CANDIDATES = 20
_SAMPLE_TOKENS = 16
_SAMPLE_TEMPERATURE = 1.0


def judgement_request(
    statement: Statement, *, top_logprobs: int = _TOP_CANDIDATES, sample: int = 0
) -> ChatRequest:
    """Asks for one word. With `top_logprobs` 0 it is one of several samples at temperature 1."""
    sampling = top_logprobs == 0
    return ChatRequest(
        messages=(
            Message("system", system_prompt("comprehension", "judgement", statement.language)),
            payload_message(statement.text),
        ),
        max_tokens=_SAMPLE_TOKENS if sampling else 1,
        top_logprobs=top_logprobs,
        temperature=_SAMPLE_TEMPERATURE if sampling else None,
        sample=sample,
        item_id=statement.statement_id,
    )


async def judge_by_logprobs(statement: Statement, trainee: str, min_mass: float, ask: Ask) -> Judgement:
    """p = P(yes) / (P(yes) + P(no)) over the first token's candidates, as in GraphGen (arXiv 2505.20416).

    Raises:
        Dropped: `off_format` where P(yes) + P(no) is below `min_mass` or the endpoint gave no candidates.
    """
    response = await ask(judgement_request(statement))
    p_yes, p_no = yes_no_mass(response.first_token)
    mass = p_yes + p_no
    if mass <= 0 or mass < min_mass:
        seen = ", ".join(f"{c.token!r} {math.exp(c.logprob):.3f}" for c in response.first_token[:5])
        raise Dropped(
            "off_format",
            f"The trainee put only {mass:.3f} of its probability on yes or no (min_mass is {min_mass:g}).",
            f"{response.text!r}; first token: {seen or 'no candidates'}",
        )
    return Judgement(statement.text, trainee, p_yes / mass, mass, "logprobs")


async def judge_by_sampling(
    statement: Statement, trainee: str, min_mass: float, samples: int, ask: Ask
) -> Judgement:
    """The share of yes among the clear ones of `samples` independent answers; mass is their share of all.

    Raises:
        Dropped: `off_format` where fewer than `min_mass` of the answers were a clear yes or no.
    """
    answers = [await ask(judgement_request(statement, top_logprobs=0, sample=i)) for i in range(samples)]
    verdicts = [verdict for answer in answers if (verdict := _verdict(answer)) is not None]
    mass = len(verdicts) / samples
    if not verdicts or mass < min_mass:
        raise Dropped(
            "off_format",
            f"Only {len(verdicts)} of {samples} answers were a clear yes or no (min_mass is {min_mass:g}).",
            "; ".join(repr(answer.text[:80]) for answer in answers),
        )
    return Judgement(statement.text, trainee, sum(verdicts) / len(verdicts), mass, "sampling")


def yes_no_mass(candidates: Sequence[TokenCandidate]) -> tuple[float, float]:
    """P(yes) and P(no), each summed over its spellings: any case, leading space, 是/否, 对/错."""
    p_yes = math.fsum(math.exp(c.logprob) for c in candidates if _word(c.token) in YES)
    p_no = math.fsum(math.exp(c.logprob) for c in candidates if _word(c.token) in NO)
    return p_yes, p_no


_ANSWER_PREFIX = re.compile(r"(?:the )?answer(?: is)?\b|(?:我的)?(?:答案|回答|判断)(?:是|为)?(?=[\W_])")
_FIRST_WORD = re.compile(r"[\W_]*(\w+)")


def _verdict(answer: ChatResponse) -> bool | None:
    """The first word of the answer as True or False; None where it is neither."""
    text = answer.text.casefold().lstrip("\"'*“ \n")
    if prefix := _ANSWER_PREFIX.match(text):
        text = text[prefix.end() :]
    found = _FIRST_WORD.match(text)
    word = found[1] if found else ""
    return True if word in YES else False if word in NO else None


def _word(token: str) -> str:
    return token.strip(" \t\n\"'*.,。，！!▁Ġ").casefold()
