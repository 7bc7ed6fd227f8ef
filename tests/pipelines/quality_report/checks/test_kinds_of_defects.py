"""Kinds of defects beyond the examples of the other tests, and honest texts that look like them."""
# ruff: noqa: RUF001 - texts in many scripts

from synthetic_textcat.pipelines.quality_report.checks.leakage import find_label_mention
from synthetic_textcat.pipelines.quality_report.checks.row_checks import known_of
from synthetic_textcat.pipelines.quality_report.checks.verdicts import judge_alone
from synthetic_textcat.schemas.tasks import Task
from tests.pipelines.quality_report.builders import candidate
from tests.pipelines.quality_report.checks.row_prompts import instructions
from tests.support.each_case import each_of

_TASK = Task.model_validate(
    {"task": "Classify a customer support message by its topic.", "labels": ["Billing", "Returns", "Opening hours"]}
)
_KNOWN = known_of(_TASK, instructions=instructions())


def reason(text: str, language: str) -> str | None:
    row = candidate(
        input_text=text,
        language=language,
        label="Billing",
        misleading_label="Returns",
        planned_label=None,
        known=_KNOWN,
    )
    verdict = judge_alone(row).verdict
    return verdict.reason if verdict is not None else None


_BAD: dict[str, dict[str, tuple[str, ...]]] = {
    "about_the_task": {
        "English": (
            "This example illustrates a customer who is unhappy with a slow courier.",
            "The following message is written at a college level and is intentionally ambiguous.",
            "The correct category here is the first one, since the customer mentions a courier.",
            "This text belongs to the category of parcels because it talks about a courier.",
            "I'm unable to generate that content, but I'd be happy to assist with something else.",
            "Let me know if you'd like me to adjust the tone or the length of this example.",
            "Okay, the user wants a support message. First I need to think of a topic.",
            "We need to produce an input text where the parcel is late. Let's draft it.",
            "Generate a customer support message in which the topic is easy to recognise.",
            "Sure thing! Here's a customer support message that hints at a late parcel:",
            "Classify a customer support message by whatever it says: the parcel came late.",
            "A customer support message regarding a courier who did not ring the bell.",
            "The text should be understood by a high school student and must not contain the label.",
        ),
        "German": ("Dieser Text beschreibt einen Gast, der mit dem Zimmer unzufrieden ist.",),
        "Korean": ("네, 요청하신 호텔 리뷰 예시를 작성해 드리겠습니다.",),
        "Turkish": ("Tabii ki! İşte paketi geciken bir müşterinin mesajına bir örnek.",),
        "Arabic": ("بالتأكيد! إليك مثالاً على رسالة من عميل تأخر طرده.",),
        "Bengali": ("অবশ্যই! এখানে একজন গ্রাহকের বার্তার একটি উদাহরণ দেওয়া হলো।",),
        "Persian": ("البته! در اینجا نمونه‌ای از پیام یک مشتری آمده است.",),
        "Hebrew": ("בטח! הנה דוגמה להודעה של לקוח שהחבילה שלו מתעכבת.",),
        "Hungarian": ("Természetesen! Íme egy példa egy ügyfél üzenetére.",),
        "Danish": ("Selvfølgelig! Her er et eksempel på en besked fra en kunde.",),
        "Japanese": ("申し訳ありませんが、AIとしてそのような文章を作成することはできません。",),
    },
    "not_a_text": {
        "English": (
            '```json\n{"text": "My parcel is late"}\n```',
            "**Input text:** My parcel is late.",
            "N/A",
            "string",
        ),
        "Russian": ("Мой заказ РЅРµ РїСЂРёС€С‘Р»", "╨Ь╨╛╤П ╨┐╨╛╤Б╤Л╨╗╨║╨░ ╨╜╨╡ ╨┐╤А╨╕╤И╨╗╨░"),
        "Czech": ("Balík mi pĹ™išel pozdě",),
        "German": ("Das Paket ist f%C3%BCr mich nicht da",),
        "Chinese (Simplified)": ("我的包裹锟斤拷锟斤拷没到",),
    },
    "placeholder": {
        "Chinese (Simplified)": ("您好，我是[姓名]，订单[订单号]还没到。", "您好，我的订单号是XXXX，到现在还没到。"),
        "Japanese": ("[会社名]様、注文番号[注文番号]がまだ届きません。", "〇〇と申します。荷物がまだ届きません。"),
        "German": ("Unser Aufenthalt im [Hotelname] war schön.",),
        "French": ("Séjour au [nom de l'hôtel], très agréable.",),
        "Arabic": ("أقمنا في [اسم الفندق] وكانت الغرفة نظيفة.",),
        "Hindi": ("हम [होटल का नाम] में रुके, कमरा साफ़ था।",),
        "Korean": ("안녕하세요, [이름]입니다. 아직 안 왔어요.",),
    },
    "repetitive": {
        "English": (
            "1. Late parcel\n2. Late parcel\n3. Late parcel\n4. Late parcel\n5. Late parcel\n6. Late parcel",
            "a" * 60,
        )
    },
    "cut_off": {
        "Chinese (Simplified)": ("我两周前买了一盏灯。到现在还没有收到，你们说因为",),
        "Japanese": ("ランプを注文しましたがまだ届いていないので、昨日の電話で担当者が確認を",),
    },
}


@each_of(
    ("expected", "language", "text"),
    [(why, language, text) for why, rows in _BAD.items() for language, texts in rows.items() for text in texts],
)
def test_a_defect_of_a_known_kind(expected: str, language: str, text: str) -> None:
    assert reason(text, language) == expected


@each_of(
    ("language", "text"),
    [
        ("English", "Here is the invoice you asked for. Please note that the due date has moved to Friday."),
        ("English", "I'm sorry, but I cannot accept a third delay. I want my money back."),
        ("English", "I'm unable to create an account, and the form gives no reason."),
        ("English", "Let me know if you want me to bring anything on Saturday."),
        ("English", "The label on the bottle says 2015, but the cork says 2017. Which one is right?"),
        ("English", "This message is intended for the recipient only. If it reached you by mistake, delete it."),
        ("English", "| Item | Qty | Price |\n|--|--|--|\n| Lamp | 2 | 34 |\n| Pen | 1 | 8 |\n| All | | 76 |"),
        ("English", "One potato, two potato, three potato, four,\nfive potato, six potato, seven potato, more!"),
        ("English", "You write ten pages to find the first sentence. The first sentence is never the first."),
        ("English", "hahahahahahahaha stop it, love you xxx"),
        ("German", "Ja, gern! Hier ist die Liste: zum Beispiel Milch, Brot und Käse."),
        ("French", "Bonjour, voici la photo du colis abîmé. Pouvez-vous me rappeler ?"),
        ("Turkish", "Kargom gelmedi, örneğin dün de bekledim."),
        ("Romanian", "AŞ VREA O CASĂ… MĂ GÂNDESC LA UN CREDIT"),
        ("Russian", "Договор подписали С. Р. Смирнов и Р. С. Рыков."),
        ("Japanese", "二〇〇五年に買ったランプがまだ届かないのですが"),
        ("Chinese (Simplified)", "好的好的，谢谢亲～"),
        ("Japanese", "[有名]な店らしいけど、カレーが冷たかった。"),
        ("English", "The effect was small [data not shown], so the clinic sent me home."),
        ("Thai", "ของยังไม่ถึงเลยค่ะ 555 รอมา 5 วันแล้ว"),
    ],
)  # fmt: skip
def test_honest_texts_that_look_like_a_defect(language: str, text: str) -> None:
    assert reason(text, language) is None


@each_of(
    ("code", "label", "text"),
    [
        ("sr", "Račun", "Greška je u računu za mart."),
        ("sr", "Рачун", "Грешка је у рачуну за март."),
        ("uz", "Hisob", "Hisobda xato bor."),
        ("uz", "Ҳисоб", "Ҳисобда хато бор."),
    ],
)
def test_labels_are_found_in_each_script_of_a_language(code: str, label: str, text: str) -> None:
    assert find_label_mention(text, label, code) is not None
