"""What keeps two names apart however alike they look: other numbers, single letters, opposite words."""

from kg_assets.entities.spelling import is_chinese, numbers, tokens

_OPPOSITES = (
    "north south east west", "northern southern eastern western", "upper lower middle", "left right",
    "old new", "inner outer", "internal external", "input output", "import export", "upload download",
    "male female", "acute chronic", "primary secondary tertiary", "positive negative", "major minor",
    "senior junior", "sr jr", "active passive", "direct indirect", "public private", "maximum minimum",
    "winter spring summer autumn", "black white red green blue yellow", "anterior posterior", "first last",
    "open closed", "early late",
)  # fmt: skip
_PREFIXES = (
    "hyper hypo", "pre post", "endo exo", "in out", "up down", "macro micro", "intra inter", "over under",
    "super sub", "pro anti", "mono di tri tetra poly", "uni multi", "homo hetero", "peri apo", "low high",
    "north south", "east west", "meth eth prop but pent hex",
)  # fmt: skip
_NEGATIONS = ("un", "non", "anti", "in", "im", "dis", "a", "counter")
_SUFFIXES = ("or ee", "er ee", "ate ite ide", "ane ene yne", "ol al", "ose ase", "ic ous")
_CHINESE_OPPOSITES = (
    "高低", "上下中", "左右", "东西南北", "内外", "前后", "正负", "阴阳", "男女", "雌雄", "公母", "近远",
    "急慢", "春夏秋冬", "甲乙丙丁戊己庚辛", "初末", "大小", "新旧", "入出", "升降", "吸放", "酸碱", "硬软",
    "长短", "轻重", "始终", "早晚", "先后", "买卖", "黄蓝绿白黑红", "父母", "兄弟", "姐妹",
)  # fmt: skip
_CHINESE_ADDED = frozenset("亚非无未不反抗副次超异伪类拟半前后双单过")
_GROUPS = tuple(frozenset(group.split()) for group in _OPPOSITES)
_PREFIX_PAIRS = [(a, b) for group in _PREFIXES for a in group.split() for b in group.split() if a != b]
_SUFFIX_PAIRS = [(a, b) for group in _SUFFIXES for a in group.split() for b in group.split() if a != b]


def contradiction(one: str, other: str) -> str:
    """Why two names cannot mean one thing, in a few words; empty if nothing says so."""
    if numbers(one) != numbers(other):
        return "numbers differ"
    left, right = tokens(one), tokens(other)
    if is_chinese(one) and is_chinese(other):
        return _chinese("".join(left), "".join(right))
    only_left = [token for token in left if token not in right]
    only_right = [token for token in right if token not in left]
    if any(len(token) == 1 for token in (*only_left, *only_right)) and len(only_left) == len(only_right):
        # A letter against a word that it begins is an initial: J. against John.
        pairs = zip(sorted(only_left), sorted(only_right), strict=True)
        if any((len(a) == 1 and len(b) == 1) or a[0] != b[0] for a, b in pairs):
            return "letters differ"
    for a in only_left:
        for b in only_right:
            if _opposite(a, b):
                return f"{a} is not {b}"
    return ""


def _opposite(a: str, b: str) -> bool:
    if any(a in group and b in group for group in _GROUPS):
        return True
    if any(
        a.startswith(p) and b.startswith(q) and len(a) - len(p) > 2 and a[len(p) :] == b[len(q) :]
        for p, q in _PREFIX_PAIRS
    ):
        return True
    if any(a == negation + b or b == negation + a for negation in _NEGATIONS):
        return True
    return any(
        a.endswith(p) and b.endswith(q) and len(a) - len(p) > 2 and a[: -len(p)] == b[: -len(q)]
        for p, q in _SUFFIX_PAIRS
    )


def _chinese(left: str, right: str) -> str:
    """Names of equal length that differ in opposite characters, or one with a changing character added."""
    if len(left) == len(right):
        differing = [(a, b) for a, b in zip(left, right, strict=True) if a != b]
        if any(a in group and b in group for a, b in differing for group in _CHINESE_OPPOSITES):
            return "opposite characters"
        return ""
    longer, shorter = (left, right) if len(left) > len(right) else (right, left)
    if len(longer) == len(shorter) + 1:
        at = next((i for i, character in enumerate(shorter) if longer[i] != character), len(shorter))
        if longer[at] in _CHINESE_ADDED and longer[:at] + longer[at + 1 :] == shorter:
            return f"{longer[at]} changes the meaning"
    return ""
