# ruff: noqa: RUF001  letters of one script that look like those of another are the point here
"""Which texts are taken for another language than was asked for, and which are not judged."""

import random
import unicodedata
from collections import Counter
from functools import cache, partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from synthetic_textcat.pipelines.quality_report.checks.language import (
    ADDED,
    MIN_LETTERS,
    can_agree,
    check_language,
    check_languages,
)
from synthetic_textcat.pipelines.quality_report.checks.row_checks import wrong_language
from synthetic_textcat.pipelines.quality_report.checks.scripts import is_identified_by_script
from synthetic_textcat.schemas.languages import Language, languages
from tests.pipelines.quality_report.builders import candidate
from tests.support.each_case import each_of
from tests.support.examples import cases

_ENGLISH = "The parcel came on Tuesday, but nobody was at home and the driver left it in the rain."
_TEXTS = {
    "English": _ENGLISH,
    "German": "Das Paket kam am Dienstag, aber niemand war zu Hause und der Fahrer ließ es im Regen stehen.",
    "French": "Le colis est arrivé mardi, mais personne n'était à la maison et il est resté sous la pluie.",
    "Spanish": "El paquete llegó el martes, pero no había nadie en casa y lo dejaron bajo la lluvia.",
    "Swedish": "Paketet kom på tisdagen, men ingen var hemma och föraren lämnade det ute i regnet.",
    "Norwegian": "Pakken kom på tirsdag, men ingen var hjemme og sjåføren satte den fra seg ute i regnet.",
    "Danish": "Pakken kom om tirsdagen, men der var ingen hjemme, og chaufføren lod den stå ude i regnen.",
    "Finnish": "Paketti tuli tiistaina, mutta kukaan ei ollut kotona ja kuljettaja jätti sen sateeseen.",
    "Hungarian": "A csomag kedden érkezett meg, de senki sem volt otthon, ezért a sofőr kint hagyta az esőben.",
    "Czech": "Balík přišel v úterý, ale nikdo nebyl doma a řidič ho nechal venku na dešti.",
    "Slovak": "Balík prišiel v utorok, ale nikto nebol doma a vodič ho nechal vonku na daždi.",
    "Croatian": "Paket je stigao u utorak, ali nitko nije bio kod kuće pa ga je vozač ostavio na kiši.",
    "Serbian": "Пакет је стигао у уторак, али нико није био код куће па га је возач оставио на киши.",
    "Vietnamese": "Gói hàng đến vào thứ Ba nhưng không có ai ở nhà nên tài xế để nó ngoài mưa.",
    "Swahili": "Kifurushi kilifika siku ya Jumanne, lakini hakukuwa na mtu nyumbani na dereva alikiacha mvuani.",
    "Ukrainian": "Посилка прийшла у вівторок, але вдома нікого не було, і водій залишив її під дощем.",
    "Bulgarian": "Пакетът пристигна във вторник, но вкъщи нямаше никого и шофьорът го остави на дъжда.",
    "Greek": "Το δέμα ήρθε την Τρίτη, αλλά κανείς δεν ήταν στο σπίτι και ο οδηγός το άφησε στη βροχή.",
    "Arabic": "وصل الطرد يوم الثلاثاء لكن لم يكن أحد في البيت فتركه السائق تحت المطر.",
    "Persian": "بسته روز سه‌شنبه رسید، اما هیچ‌کس در خانه نبود و راننده آن را زیر باران گذاشت.",
    "Hebrew": "החבילה הגיעה ביום שלישי, אבל אף אחד לא היה בבית והנהג השאיר אותה בגשם.",
    "Hindi": "पार्सल मंगलवार को आया, लेकिन घर पर कोई नहीं था और ड्राइवर उसे बारिश में छोड़ गया।",
    "Thai": "พัสดุมาถึงเมื่อวันอังคาร แต่ไม่มีใครอยู่บ้าน คนขับจึงวางทิ้งไว้กลางฝน",
    "Japanese": "荷物は火曜日に届きましたが、家には誰もいなかったので、雨の中に置かれていました。",
    "Korean": "택배는 화요일에 도착했지만 집에 아무도 없어서 기사가 빗속에 두고 갔습니다.",
    "Chinese (Simplified)": "包裹星期二送到了，但是家里没有人，所以司机把它放在外面淋雨了。",
    "Chinese (Traditional)": "包裹星期二送到了，但是家裡沒有人，所以司機把它放在外面淋雨了。",
}
_TOLD_BY_SCRIPT = [x.name for x in languages() if x.script != "Latn" and x.code not in ("sr", "uz")]


@each_of("asked", _TEXTS)
def test_a_text_in_the_language_asked_for_agrees(asked: str) -> None:
    assert check_language(_TEXTS[asked], asked).verdict == "agrees"


@each_of("asked", [name for name in _TEXTS if name != "English"])
def test_an_answer_in_english_is_wrong_and_so_is_that_language_where_english_was_asked_for(asked: str) -> None:
    assert check_language(_ENGLISH, asked).verdict == "wrong"
    assert check_language(_TEXTS[asked], "English").verdict == "wrong"


@each_of("asked", _TOLD_BY_SCRIPT)
def test_english_letters_are_wrong_for_every_other_script_also_where_the_language_cannot_be_identified(
    asked: str,
) -> None:
    assert check_language(_ENGLISH, asked).found == "its letters are Latin"


@each_of(
    ("asked", "written"),
    [
        ("Serbian", "Croatian"),
        ("Bosnian", "Croatian"),
        ("Bosnian", "Serbian"),
        ("Norwegian", "Danish"),
        ("Danish", "Norwegian"),
        ("Galician", "Spanish"),
    ],
)
def test_what_is_easily_confused_is_never_wrong(asked: str, written: str) -> None:
    assert check_language(_TEXTS[written], asked).verdict == "agrees"


def test_croatian_is_not_written_in_cyrillic_letters() -> None:
    assert check_language(_TEXTS["Serbian"], "Croatian").found == "its letters are Cyrillic"


@each_of(
    ("asked", "text"),
    [
        ("Hindi Romanized", "Parcel mangalvaar ko aaya lekin ghar par koi nahin tha aur driver chhod gaya."),
        ("Sundanese", "Pakétna datang dinten Salasa tapi teu aya saha-saha di bumi."),
        ("Sindhi", _TEXTS["Arabic"]),
        ("Yiddish", _TEXTS["Hebrew"]),
        ("Burmese (Zawgyi)", "ပစၥည္းက အဂၤါေန႔မွာ ေရာက္လာတယ္ ဒါေပမယ့္ အိမ္မွာ ဘယ္သူမွမရွိဘူး"),
        ("German", "The bill is wrong."),
        ("Japanese", "12 x 7 = ? (y)"),
        ("Greek", "https://example.com/how-to-pay"),
        ("English", "12 345 678 901 234 567 890 – 3,14 € … 🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉🎉"),
        ("English", ""),
        ("English", "Tone sandhi in spoken Quechua of Osaka."),  # a little like eight languages
    ],
)
def test_what_cannot_be_identified_is_not_verifiable(asked: str, text: str) -> None:
    assert check_language(text, asked).verdict == "not verifiable"


def test_a_text_is_judged_from_so_many_letters_on() -> None:
    text = "wherearetheparcelsthatwesent"
    assert check_language(text[: MIN_LETTERS - 1], "German").verdict == "not verifiable"
    assert check_language(f"ж{text[: MIN_LETTERS - 2]}", "Russian").verdict == "not verifiable"
    assert check_language(f"ж{text[: MIN_LETTERS - 1]}", "Russian").verdict == "wrong"


@each_of(
    ("asked", "text"),
    [
        ("Japanese", "Astronautics"),
        ("Japanese", "Thank you very much"),
        ("Japanese", "Sony Walkman NW-A306"),
        ("Thai", "OK"),
        ("Arabic", "Скидка"),
        ("English", "東京"),
        ("Hindi Romanized", "नमस्ते"),
        ("Croatian", "Да"),
    ],
)
def test_a_text_without_a_letter_of_the_language_is_wrong_at_any_length(asked: str, text: str) -> None:
    assert check_language(text, asked).found.startswith("its letters are ")


@pytest.mark.parametrize(
    ("asked", "written", "other", "found"),
    [
        (
            "Chinese (Simplified)",
            "我们的订单还没有发货，请问什么时候能收到？谢谢！",
            "我們的訂單還沒有發貨，請問什麼時候能收到？謝謝！",
            "Traditional",
        ),
        (
            "Chinese (Traditional)",
            "我們的訂單還沒有發貨，請問什麼時候能收到？謝謝！",
            "我们的订单还没有发货，请问什么时候能收到？谢谢！",
            "Simplified",
        ),
    ],
)
def test_both_forms_of_chinese_are_told_apart(asked: str, written: str, other: str, found: str) -> None:
    assert check_language(written, asked).verdict == "agrees"
    assert check_language(other, asked).found == f"its characters are {found} Chinese"
    assert check_language(other[:10], asked).verdict == "wrong"
    assert check_language(f"{written}“{other[:6]}”", asked).verdict == "agrees"


def test_belarusian_in_latin_letters_is_not_the_variant_that_can_be_asked_for() -> None:
    text = "Kali łaska, skasujcie majo zamaŭlennie, bo jano spaźniajecca ŭžo tydzień."
    assert check_language(text, "Belarusian").found == "its letters are Latin"
    assert check_language("Paket je stigao u utorak, ali nitko nije bio kod kuće.", "Serbian").verdict == "agrees"


@each_of(
    ("asked", "text"),
    [
        ("Chinese (Simplified)", "请问 Microsoft Teams 和 Outlook Calendar 怎么同步？"),
        ("Japanese", "Microsoft Teams と Outlook Calendar を同期したいです"),
        ("Korean", "Microsoft Teams 와 Outlook Calendar 를 어떻게 동기화하나요?"),
        ("Russian", "Как связать Microsoft Teams, Outlook Calendar и SharePoint Online Premium?"),
    ],
)
def test_names_in_latin_letters_are_no_evidence(asked: str, text: str) -> None:
    assert check_language(text, asked).verdict == "agrees"
    english = "please tell me how the reminders of both can be synchronised"
    assert check_language(f"{english} {text.split(maxsplit=1)[0]}", asked).verdict == "wrong"
    assert check_language(f"How To Reset My Lost Password For All Devices {text[:2]}", asked).verdict == "wrong"


@each_of(
    ("asked", "text"),
    [
        ("Japanese", "iPhone 15 Pro Max と MacBook Air を買いましたが、配送がとても遅くて困りました。"),
        ("Russian", "Мой MacBook Pro не видит сеть Eduroam, хотя на iPhone всё работает как обычно."),
        ("German", "Das Meeting mit dem Product Owner wurde gecancelt, weil das Deployment schiefging."),
        (
            "Chinese (Simplified)",
            "例如：“pages/contact_page.html”。如果它未被提供，系统将使用“pages/default.html”作为这个页面的模板。",
        ),
        ("English", "Professor 田中 showed us how Ἀριστοτέλης was translated in the school of Kyoto."),
    ],
)
def test_foreign_names_and_words_do_not_make_a_text_wrong(asked: str, text: str) -> None:
    assert check_language(text, asked).verdict == "agrees"


def test_the_check_says_what_was_asked_for_and_what_was_found() -> None:
    def detail(language: str | None, text: str = _ENGLISH) -> str | None:
        return wrong_language(candidate(language=language, input_text=text))

    assert detail("German") == "asked for German, reads as English"
    assert detail("Greek") == "asked for Greek, its letters are Latin"
    assert detail("Japanese", _TEXTS["Chinese (Simplified)"]) == "asked for Japanese, reads as Chinese"
    assert detail("English") is None
    assert detail(None) is None


def _varied(number: int) -> tuple[str, str]:
    """A text of one or two languages, whole, cut, in capitals, decomposed or shuffled, and a language to ask for."""
    dice = random.Random(number)
    written, other = dice.choices(list(_TEXTS), k=2)
    words = [*_TEXTS[written].split(), *(_TEXTS[other].split() if dice.random() < 0.3 else ())] * dice.randint(1, 4)
    if dice.random() < 0.3:
        dice.shuffle(words)
    text = " ".join(words)[: dice.choice((0, 10, 25, 60, 120, 130, 300, 2_000))]
    changed = dice.choice((str, str, str.upper, partial(unicodedata.normalize, "NFD")))
    return changed(text), written if dice.random() < 0.6 else dice.choice(languages()).name


def test_many_texts_at_once_get_the_verdicts_that_each_gets_alone() -> None:
    texts, asked = zip(*map(_varied, cases(range(1_500), 4)), strict=True)
    alone = [check_language(text, language) for text, language in zip(texts, asked, strict=True)]
    assert Counter(finding.verdict for finding in alone).keys() == {"agrees", "wrong", "not verifiable"}
    assert check_languages(texts, asked) == alone


@given(rows=st.lists(st.tuples(st.text(max_size=80), st.sampled_from(languages())), max_size=6))
def test_any_texts_at_once_get_the_verdicts_that_each_gets_alone(rows: list[tuple[str, Language]]) -> None:
    alone = [check_language(text, asked.name) for text, asked in rows]
    assert all((finding.verdict == "wrong") == bool(finding.found) for finding in alone)
    assert check_languages([text for text, _ in rows], [asked.code for _, asked in rows]) == alone


def test_of_scripts_with_as_many_letters_the_first_in_the_text_is_named() -> None:
    assert check_language("жар ΔΩΘ", "English").found == "its letters are Cyrillic"
    assert check_language("ΔΩΘ жар", "English").found == "its letters are Greek"


@cache
def _known_to_the_model() -> frozenset[str]:
    return frozenset(LanguageIdentifier.from_model_file(MODEL_FILE).labels)


def test_a_language_can_agree_if_the_model_knows_it() -> None:
    known = _known_to_the_model()
    asked = [language for language in languages() if not is_identified_by_script(language)]
    plain = {language.code for language in asked if not language.romanised and "-x-" not in language.code}
    can = {language.code for language in asked if can_agree(language.code)}
    assert can == {code for code in plain if code.partition("-")[0] in known}
    assert 50 < len(can) < len(plain)


_SIMPLIFIED = "请问这个订单什么时候发货？我们已经等了两个星期，还没有收到任何通知。"
_LUXEMBOURGISH = "De Pak ass en Dënschdeg ukomm, mee et war keen doheem an de Chauffer huet en am Reen leie gelooss."


@each_of(
    ("asked", "text", "verdict"),
    [
        ("pt-BR", "O pacote chegou na terça-feira, mas não havia ninguém em casa e ficou na chuva.", "agrees"),
        ("pt-BR", _TEXTS["German"], "wrong"),
        ("zh-TW", _TEXTS["Chinese (Traditional)"], "agrees"),
        ("zh-TW", _SIMPLIFIED, "wrong"),
        ("sr-Latn", "Paket je stigao u utorak, ali niko nije bio kod kuće pa ga je vozač ostavio na kiši.", "agrees"),
        ("sr-Latn", _TEXTS["Serbian"], "wrong"),  # Cyrillic
        ("sr", "Paket je stigao u utorak, ali niko nije bio kod kuće pa ga je vozač ostavio na kiši.", "agrees"),
        ("lb", _LUXEMBOURGISH, "agrees"),
        ("lb", _TEXTS["German"], "wrong"),
        ("lb", _TEXTS["Bulgarian"], "wrong"),
        ("nb", _TEXTS["Norwegian"], "agrees"),
        ("nb", _TEXTS["Danish"], "agrees"),  # of one group
        ("kk-Latn", _TEXTS["Finnish"], "not verifiable"),  # learned in Cyrillic only
        ("kk-Latn", _TEXTS["Ukrainian"], "wrong"),
        ("gsw", _TEXTS["German"], "not verifiable"),  # the model does not know it
        ("gsw", _TEXTS["Greek"], "wrong"),
        ("yue", _TEXTS["Chinese (Traditional)"], "not verifiable"),
        ("yue", _SIMPLIFIED, "wrong"),
        ("yue", _TEXTS["Thai"], "wrong"),
        ("ti", "ጥቅሉ ሰሉስ መጺኡ ነገር ግን ኣብ ገዛ ዝነበረ ሰብ ኣይነበረን።", "not verifiable"),  # Amharic has the same letters
        ("ti", _TEXTS["Arabic"], "wrong"),
        ("zgh", "ⴰⵣⵓⵍ ⴼⵍⵍⴰⵡⵏ ⵎⴰⵏⵉⵎⴽ ⵜⴳⵉⵎ ⴰⵙⵙⴰ ⴳ ⵜⵎⴷⵉⵏⵜ", "not verifiable"),
        ("zgh", _TEXTS["Arabic"], "wrong"),
        ("ko-KR", _TEXTS["Korean"], "agrees"),
        ("ase", _TEXTS["German"], "not verifiable"),  # Unicode has no letters of its script
    ],
)
def test_of_a_tag_what_can_be_verified_is(asked: str, text: str, verdict: str) -> None:
    assert check_language(text, asked).verdict == verdict
    assert check_languages([text, _ENGLISH], [asked, "en"])[0] == check_language(text, asked)


def test_the_added_languages_are_those_that_the_model_knows_and_the_table_lacks() -> None:
    known = _known_to_the_model()
    assert known >= ADDED
    assert not {language.code.partition("-")[0] for language in languages()} & ADDED
    assert all(can_agree(code) for code in ADDED | {"nb", "pt-BR", "sr-Latn"})
    assert not any(map(can_agree, ("yue", "gsw", "kk-Latn", "zgh", "ti")))
