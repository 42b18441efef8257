"""Recognises what people say to a bot that asks the docs for nothing: thanks, greetings, "who are you?". Pure."""

import re

WHO = "I'm Docent. I answer questions from the docs, and say where each answer stands."
HELP = (
    f"{WHO} Ask me in your own words, for example: *How many days of annual leave do I get?*"
    " What the docs don't say, I don't know."
)
THANKS = "You're welcome!"
HELLO = "Hello! What would you like to know from the docs?"
BYE = "Bye!"
HERE = "I'm here. Ask me something that the docs should know."

_ADDRESSED = r"(?:docent|bot|there|all|everyone|team|guys|folks|again|mate|friend|you|so much|very much|a lot|a bunch|a ton|all|in advance|for (?:your|the|all the|all your) help|for (?:that|this|it|everything))"
_SAID = {
    THANKS: r"(?:many |big |ok |okay |great |perfect |cool |nice |awesome |super |got it |oh |ah |no )*(?:thanks?(?: you)?|thank u|thx|ty|tysm|cheers|much appreciated|appreciate it"
    r"|danke(?: ?schön| ?sehr)?|vielen dank|besten dank|dankeschön|tausend dank|merci(?: beaucoup| bien)?|gracias|muchas gracias|mil gracias"
    r"|grazie(?: mille)?|obrigad[oa]|muito obrigad[oa]|tak|tack(?: så mycket)?|takk|kiitos|dzięki|dziękuję|спасибо|teşekkürler"
    r"|dank je(?: wel)?|bedankt|ありがとう(?:ございます|ございました)?|谢谢(?:你|您)?|多谢|감사합니다|고마워요?|고맙습니다)",
    HELLO: r"(?:hello|hi+|hey+|heya|hiya|howdy|yo|greetings|good (?:morning|afternoon|evening|day)|morning|hallo|guten (?:morgen|tag|abend)|moin(?: moin)?|servus|grüß gott"
    r"|bonjour|salut|bonsoir|hola|buenos días|buenas(?: tardes| noches)?|ciao|buongiorno|olá|oi|hej|hei|cześć|привет|здравствуйте|merhaba|goedemorgen|hoi"
    r"|how are you(?: doing)?(?: today)?|how'?s it going|what'?s up|sup|wie geht'?s|comment ça va|ça va|こんにちは|おはよう(?:ございます)?|你好|您好|안녕하세요|안녕)",
    BYE: r"(?:good )?(?:bye+(?: bye)?|goodbye|see (?:you|ya)(?: later| soon| tomorrow)?|cya|later|good night|night|have a (?:nice|good|great) (?:day|evening|weekend|one)|take care"
    r"|tschüss|tschüs|auf wiedersehen|ciao ciao|au revoir|à bientôt|adiós|hasta luego|arrivederci|tchau|hej då|до свидания|再见|さようなら|안녕히 계세요)",
    WHO: r"(?:so |and |hey |hi )*(?:who (?:are|r) (?:you|u)|what are you|what'?s your name|what is your name|(?:are you|is this|am i talking to) (?:a |an )?(?:ro)?(?:bot|human|person|ai|real person|machine|chatgpt)(?: or (?:a |an )?(?:bot|human|person|machine))?"
    r"|are you (?:real|human|there|alive)|who made you|who built you|introduce yourself|tell me about yourself|wer bist du|was bist du|wie heißt du|bist du ein (?:bot|mensch|roboter)|qui es[- ]tu|qui êtes[- ]vous|quién eres|chi sei|あなたは誰(?:ですか)?|你是谁|누구세요)",
    HELP: r"(?:(?:please )?help(?: me)?(?: please)?|what (?:can|do) you do(?: for me)?|what can i (?:ask|do)(?: you)?(?: here)?|how (?:do|does|can) (?:you|this|it|i use (?:you|this)|this bot|the bot) ?(?:work|help(?: me)?)?"
    r"|how do i use (?:you|this(?: bot)?)|what (?:do|can) you know|what (?:do|are) you know about|what are you (?:for|good for|able to do)|what is this(?: bot)?|can you help(?: me)?|commands|usage|instructions"
    r"|hilfe|was kannst du(?: alles)?|wie funktionierst du|kannst du (?:mir )?helfen|aide|que (?:peux|sais)[- ]tu faire|ayuda|qué puedes hacer|aiuto|cosa sai fare|何ができますか|你能做什么|뭘 할 수 있어요?)",
    HERE: r"(?:(?:this is )?(?:just )?(?:a )?test(?:ing)?(?: test)*(?: (?:one|1)(?:,? (?:two|2))?(?:,? (?:three|3))?)?|test \d+|(?:are )?you there|anyone (?:here|there)|ping|ok(?:ay)?|k|cool|nice|great|perfect|awesome|good(?: bot| job| work)?|well done|got it|lol|haha+|hm+|sorry|no worries|never ?mind|yes|no|yep|nope|sure|done)",
}
_WHOLE = {
    line: re.compile(rf"(?:{pattern})(?:[\s,]+{_ADDRESSED})*", re.IGNORECASE)
    for line, pattern in _SAID.items()
}
_EDGES = re.compile(r"^[\s\W_]+|[\s\W_]+$")
_SEPARATORS = re.compile(r"\s*(?:[,.!;:~…]|[-–—]{1,2}(?=\s))+\s*")
_LONGEST = 80


def reply(text: str) -> str | None:
    """Return a friendly line for what is small talk as a whole; None for everything else, above all a question."""
    if len(text) > _LONGEST:
        return None
    said = [each for part in _SEPARATORS.split(text) if (each := _EDGES.sub("", part).replace("’", "'"))]
    lines = [line for each in said if (line := _line(each)) is not None]
    if not lines or len(lines) != len(said):
        return _line(_EDGES.sub("", " ".join(said))) if len(said) > 1 and said else None
    # "Hi! What can you do?": the one that says more.
    return next((line for line in (HELP, WHO, THANKS, BYE) if line in lines), lines[0])


def _line(said: str) -> str | None:
    plain = " ".join(said.split())
    for line, pattern in _WHOLE.items():
        if pattern.fullmatch(plain):
            return line
    return None
