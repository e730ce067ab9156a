"""Own names of languages, other codes that sites use, and frequent words that identify a language."""

# ruff: noqa: RUF001, E501 - letters of other scripts look like Latin ones, and some are wide

from __future__ import annotations

AUTONYMS = {
    "af": "Afrikaans", "am": "አማርኛ", "ar": "العربية", "az": "Azərbaycanca", "be": "Беларуская", "bg": "Български",
    "bn": "বাংলা", "br": "Brezhoneg", "bs": "Bosanski", "ca": "Català", "cs": "Čeština", "cy": "Cymraeg",
    "da": "Dansk", "de": "Deutsch", "el": "Ελληνικά", "en": "English", "eo": "Esperanto", "es": "Español",
    "et": "Eesti", "eu": "Euskara", "fa": "فارسی", "fi": "Suomi", "fil": "Filipino", "fo": "Føroyskt",
    "fr": "Français", "fy": "Frysk", "ga": "Gaeilge", "gd": "Gàidhlig", "gl": "Galego", "gu": "ગુજરાતી",
    "ha": "Hausa", "he": "עברית", "hi": "हिन्दी", "hr": "Hrvatski", "hu": "Magyar", "hy": "Հայերեն",
    "id": "Bahasa Indonesia", "is": "Íslenska", "it": "Italiano", "ja": "日本語", "jv": "Basa Jawa", "ka": "ქართული",
    "kk": "Қазақ тілі", "km": "ខ្មែរ", "kn": "ಕನ್ನಡ", "ko": "한국어", "ku": "Kurdî", "ky": "Кыргызча", "la": "Latina",
    "lb": "Lëtzebuergesch", "lo": "ລາວ", "lt": "Lietuvių", "lv": "Latviešu", "mg": "Malagasy", "mk": "Македонски",
    "ml": "മലയാളം", "mn": "Монгол", "mr": "मराठी", "ms": "Bahasa Melayu", "mt": "Malti", "my": "မြန်မာ",
    "ne": "नेपाली", "nl": "Nederlands", "no": "Norsk", "oc": "Occitan", "pa": "ਪੰਜਾਬੀ", "pl": "Polski", "ps": "پښتو",
    "pt": "Português", "rm": "Rumantsch", "ro": "Română", "ru": "Русский", "si": "සිංහල", "sk": "Slovenčina",
    "sl": "Slovenščina", "so": "Soomaali", "sq": "Shqip", "sr": "Српски", "sv": "Svenska", "sw": "Kiswahili",
    "ta": "தமிழ்", "te": "తెలుగు", "tg": "Тоҷикӣ", "th": "ไทย", "tk": "Türkmençe", "tl": "Tagalog", "tr": "Türkçe",
    "tt": "Татарча", "ug": "ئۇيغۇرچە", "uk": "Українська", "ur": "اردو", "uz": "Oʻzbekcha", "vi": "Tiếng Việt",
    "yi": "ייִדיש", "yo": "Yorùbá", "zh": "中文", "zh-hant": "繁體中文", "zu": "isiZulu",
}  # fmt: skip
"""Names of languages in the language itself, by code."""

ALIASES = {
    "iw": "he", "in": "id", "ji": "yi", "nb": "no", "nn": "no", "mo": "ro", "cmn": "zh", "yue": "zh-hant",
    "eng": "en", "ger": "de", "deu": "de", "fre": "fr", "fra": "fr", "spa": "es", "ita": "it", "por": "pt",
    "rus": "ru", "jpn": "ja", "kor": "ko", "chi": "zh", "zho": "zh", "ara": "ar", "nld": "nl", "dut": "nl",
    "pol": "pl", "tur": "tr", "ces": "cs", "cze": "cs", "swe": "sv", "dan": "da", "fin": "fi", "ukr": "uk",
}  # fmt: skip
"""Old codes, and codes of three letters, with the codes that stand for them."""

NAMES_IN_ADDRESSES = {
    "cn": "zh", "chs": "zh", "cht": "zh-hant", "tw": "zh-hant", "hk": "zh-hant", "jp": "ja", "kr": "ko", "cz": "cs",
    "gr": "el", "dk": "da", "se": "sv", "ua": "uk", "br": "pt", "us": "en", "gb": "en", "english": "en",
    "deutsch": "de", "german": "de", "francais": "fr", "french": "fr", "espanol": "es", "spanish": "es",
    "castellano": "es", "italiano": "it", "italian": "it", "portugues": "pt", "portuguese": "pt", "nederlands": "nl",
    "dutch": "nl", "polski": "pl", "polish": "pl", "russian": "ru", "russkij": "ru", "chinese": "zh", "zhongwen": "zh",
    "japanese": "ja", "korean": "ko", "arabic": "ar", "turkce": "tr", "turkish": "tr", "svenska": "sv", "dansk": "da",
    "norsk": "no", "suomi": "fi", "cesky": "cs", "magyar": "hu", "romana": "ro", "catala": "ca", "euskara": "eu",
}  # fmt: skip
"""Country codes and names that sites use in addresses instead of language codes."""

WORDS = {
    "en": "the and of to is are with for this that you your from which it was on be have not by or as at we our",
    "de": "der die das und ist nicht mit für ein eine den dem des auf von zu sich wird werden wir sie auch als bei im zum zur einen einer oder aus nach",
    "fr": "le la les des et est une un dans pour que qui sur avec par vous nous ce cette sont au aux du pas plus ou ses leur dès être",
    "es": "el la los las de y es una un en para que con por se su del al como más sus este esta son lo nuestro está desde",
    "it": "il lo la gli le di e è una un in per che con del della dei delle si nel nella sono al alla da come più questo anche",
    "pt": "o a os as de e é uma um em para que com por do da dos das se no na nos ao à mais são seu sua não você",
    "nl": "de het een en van is in op met voor dat die te niet zijn aan ook door je u wij ons naar bij uit worden wordt",
    "pl": "i w na z do jest się nie to że oraz dla od po przez jak lub są który która które ich tym za",
    "cs": "a v na je se s z do že pro které který jsou jako nebo od po při také byl tak za ve ke či",
    "sk": "a v na je sa s z do že pre ktoré ktorý sú ako alebo od po pri tiež bol za vo ku",
    "sv": "och i att det som en på är av för med den till inte om ett har vi du kan från eller vid",
    "da": "og i at det som en på er af for med den til ikke om et har vi du kan fra eller ved",
    "no": "og i at det som en på er av for med den til ikke om et har vi du kan fra eller ved",
    "fi": "ja on ei se että hän oli ovat myös kuin mutta tai joka jotka sekä voi ole niin kun tämä",
    "hu": "a az és hogy nem is egy van ez meg csak de vagy mint el ki be fel ha volt",
    "ro": "și în de la cu pe nu este o un care din să sunt pentru mai ce prin sau au fost",
    "tr": "ve bir bu için ile da de olarak daha çok en gibi olan var ne kadar veya her",
    "hr": "i u je na se da za su od s kao koji koja koje ili iz nije što po bi ali",
    "id": "yang dan di ini untuk dengan dari pada adalah itu tidak dalam akan atau ke oleh kami anda",
    "vi": "và của là các được cho trong với có không những một này đã từ để người",
    "ca": "el la els les de i és una un en per que amb dels del al com més seva seu són aquest aquesta",
}
"""Frequent words of languages in the Latin alphabet."""
