"""Finds what a question in Chinese, Japanese or Korean is about, without question words, particles and endings. Pure.

Pages are found by pairs of characters (see bot.text.analyzer). A pair across a particle or an ending is on no page,
and would count as the rarest of words. No library cuts these questions better than a list of what questions consist
of, and the smallest of them weighs more than all of Docent.
"""

import re

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\u3005-\u3007\uf900-\ufaff"
_KANA = "\u3040-\u30ff\u31f0-\u31ff"
_HANGUL = "\uac00-\ud7af"

# Cut out wherever they stand, the longest first.
_CUT_WORDS = {
    "zh": """
        什么时候 什么时间 什么地方 什么样的 为什么 怎么样 怎么办 多少钱 多长时间 多久 多少 多大 多高 几点 几天
        几个 几次 几号 哪里 哪儿 哪个 哪些 哪天 哪位 谁 什么 怎么 怎样 如何 是否 是不是 能不能 可不可以 有没有
        要不要 可以 能否 可否 能够 最多 最少 至少 应该 需要 必须 请问 我们 你们 他们 我 你 您 他 她 的 了 吗 呢
        吧 啊 是 在 有 和 与 或 把 被 给 对 从 到 向 跟 要 能 会 得 地 着 过 就 都 也 请 一下 告诉 知道 想 问
        向谁 找谁""",
    "ja": """
        どうすれば どうやって どのように どのくらい どれくらい どこで どこに どこ いつまで いつから いつ
        いくらまで いくら いくつ なぜ どうして 何時 何日 何人 何回 何個 何歳 何年 何月 何曜日 何 誰 だれ どなた
        どの どれ どちら どんな でしょうか ですか ますか ましたか ませんか でしたか ください 下さい してもいい
        していい できますか できる でき いいですか 教えて 知りたい について に関して ために ため から まで より
        です ます ました ません でした する します しました され れる られ たい なら ば たら が は を に へ と
        で も の や か よ ね な だ""",
}
# Whole words that ask or link, and particles and endings of others.
_KOREAN = {
    "words": """
        언제 어디서 어디에 어디 누구에게 누구한테 누가 누구 무엇을 무엇 뭐 뭘 얼마나 얼마 며칠 몇 어떻게 왜 어느
        어떤 무슨 있나요 있어요 있습니까 인가요 인가 입니까 이에요 예요 하나요 하나 합니까 해요 해야 되나요
        됩니까 돼요 됩니다 할 수 주세요 알려 알려주세요 좀 그리고 또는 및 저는 제가 나는 내가 우리 우리는 것 거
        건 최대""",
    "endings": """
        은 는 이 가 을 를 의 에 께 로 와 과 도 만 나 라 에서 에게 한테 으로 까지 부터 마다 처럼 보다 이나 이라
        인가 인지 예요 하면 하는 하고 해야 해요 되는 되면 나요 까요 가요 세요 려면 에게서 인가요 입니까 이에요
        하나요 하려면 합니까 합니다 했나요 할까요 한가요 되나요 됩니까 됩니다 습니까 습니다""",
}
_CUT = {
    language: re.compile("|".join(sorted(words.split(), key=len, reverse=True)))
    for language, words in _CUT_WORDS.items()
}
_KOREAN_WORDS = frozenset(_KOREAN["words"].split())
_KOREAN_ENDINGS = sorted(_KOREAN["endings"].split(), key=len, reverse=True)
_SHORT = 2
_RUN = re.compile(f"[{_HAN}{_KANA}]+")
_KOREAN_RUN = re.compile(f"[{_HANGUL}]+")
_WRITTEN = re.compile(f"[{_HAN}\u30a0-\u30ff]")
_KANA_THERE = re.compile("[\u3040-\u309f]")


def is_written_so(text: str) -> bool:
    return _RUN.search(text) is not None or _KOREAN_RUN.search(text) is not None


def telling(text: str) -> str:
    """Return the question's telling parts, separated by blanks; the text as it is where none is left."""
    cut = _CUT["ja" if _KANA_THERE.search(text) else "zh"]
    found = _RUN.sub(lambda run: f" {' '.join(_parts(run[0], cut))} ", text)
    found = _KOREAN_RUN.sub(lambda run: f" {_stem(run[0])} ", found)
    found = " ".join(found.split())
    return found if is_written_so(found) else text


def _parts(run: str, cut: re.Pattern[str]) -> list[str]:
    """Return the parts between the cuts, without short hiragana, which is grammar as a rule."""
    return [part for part in cut.split(run) if len(part) > _SHORT or _WRITTEN.search(part)]


def _stem(word: str) -> str:
    """Remove a particle or an ending; return "" for a word of questions."""
    if word in _KOREAN_WORDS:
        return ""
    for ending in _KOREAN_ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and stem in _KOREAN_WORDS:
            return ""
        if stem != word and len(stem) > 1:
            return stem
    return word
