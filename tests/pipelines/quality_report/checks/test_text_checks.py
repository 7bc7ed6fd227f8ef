"""What each check of texts finds, and what it leaves alone."""
# ruff: noqa: RUF001 - texts in many scripts

from synthetic_textcat.pipelines.quality_report.checks.row_checks import ROW_CHECKS, Known, known_of
from synthetic_textcat.pipelines.quality_report.checks.verdicts import judge_alone
from synthetic_textcat.schemas.block import TextChecks
from synthetic_textcat.schemas.tasks import Task
from tests.llm.offline.rehearsal import rows, tasks
from tests.pipelines.quality_report.builders import candidate
from tests.pipelines.quality_report.checks.row_prompts import instructions
from tests.support.each_case import each_of


def detail(reason: str, text: str, **changes: object) -> str | None:
    return ROW_CHECKS[reason](candidate(**{"input_text": text, **changes}))


@each_of(
    ("text", "evidence"),
    [
        ("Das Paket ist f\\u0000fcr mich nicht angekommen", "\\u0000"),
        ("Das Paket ist f\x00fcr mich nicht angekommen", "U+0000"),
        ("Schön \ufffd und gut", "U+FFFD"),
        ("the cafÃ© is closed", "Ã©"),
        ("I donâ€™t know them", "â€™"),
        ("el document no est├á aqui", "├á"),
        ("Р“РґРµ РјРѕР№ Р·Р°РєР°Р·", "Р°Р"),
        ("die RechnungsĂĽbersicht fehlt", "ĂĽ"),
        ("no est√° aqu√≠", "√"),
        ("First line.\\nSecond line.", "\\n"),
        ('He said \\"no\\" to me', '\\"'),
        ("AT&amp;T charged me twice", "&amp;"),
        ("Where is my parcel?<|im_end|>", "<|im_end|>"),
        ("[INST] Where is my parcel? [/INST]", "[INST]"),
        ("Where is my parcel?</s>", "</s>"),
        ("Where is it?<end_of_turn>", "<end_of_turn>"),
        ("?!... 12", "no letter"),
        *(
            ("input_text", "field or value"),
            ("in English", "field or value"),
            ("json", "field or value"),
            ("College education,", "field or value"),
            ("Your text", "field or value"),
            ("This is my text.", "field or value"),
        ),
        ("Label:", "field"),
        ('{"input_text": "Where is it?", "label": "Shipping"}', "JSON"),
        ('["Where is it?", "Where?"]', "JSON"),
        ("https://example.org/parcels", "address"),
        ("113787-2023-01-24_01.json", "identifier"),
    ],
)
def test_an_artefact_is_no_text(text: str, evidence: str) -> None:
    found = detail("not_a_text", text)
    assert found is not None
    assert evidence in found


@each_of(
    "text",
    [
        *("Node.js", "B2B", "👍👍", "I <3 you", "Tom & Jerry; again", "iPhone 15", "R&D; done", "line one\nline two"),
        *(
            "C:\\new\\notes is full",
            'print("a\\n") fails',
            "use \\d+ here",
            "What does \\n mean?",
            "[sic]",
            "{a} or {b}",
        ),
        *("«BEAUTÉ»", "Ürün güzel", "SÃO PAULO", "naïve café", "Ñandú", "À côté", "<|morfi|> hej", "می\u200cخواهم"),
    ],
)
def test_unusual_texts_are_texts(text: str) -> None:
    assert detail("not_a_text", text) is None


@each_of(
    "gap",
    [
        *("[Your Name]", "[Company Name]", "[Order Number]", "<name>", "{label}", "{{name}}", "XXX", "____", "[Date]"),
        *("[Ihr Name]", "[votre nom]", "[Nombre]", "[Nome da empresa]", "[Имя]", "【您的姓名】", "[이름]", "[会社名]"),
        *("[Customer's Name]", "[insert date here]", "[City, State]", "(your name)", "[اسم الشركة]", "[Adınız]"),
        "Lorem ipsum dolor sit amet",
    ],
)
def test_a_gap_to_be_filled_in_is_a_placeholder(gap: str) -> None:
    found = detail("placeholder", f"Dear friends (and others); the chef's note says that we write to {gap} about it.")
    assert found is not None
    assert found.startswith("to be filled in: ")


@each_of(
    "text",
    [
        *("He wrote [sic] no", "see [1], [12] and [3-5]", "array[name] = x", "[click here](http://example.org/name)"),
        *("[laughs] all right", "<b>bold</b> claim", "x<y and y>z", "f(x) {return name}", "dict['name']", "XXL shirt"),
        *("love you xxx", "ls [OPTION]... <file>", 'print(f"Hello {name}") fails', "[ERROR] disk full", "[...] and so"),
        *("we took [the] train", "(my name is Bob)", "<p>{label}</p> renders twice", "snake_case_names"),
    ],
)
def test_other_brackets_are_text(text: str) -> None:
    assert detail("placeholder", text) is None


_ASSISTANTS = {
    "English": "Sure, here is an example of a complaint: The soup was cold.",
    "German": "Gerne, hier ist ein Beispiel für eine Beschwerde.",
    "French": "Bien sûr, voici un exemple de plainte.",
    "Spanish": "¡Claro! Aquí tienes un ejemplo de queja.",
    "Portuguese": "Claro! Aqui está um exemplo de reclamação.",
    "Italian": "Certo, ecco un esempio di reclamo.",
    "Dutch": "Natuurlijk, hier is een voorbeeld van een klacht.",
    "Swedish": "Självklart! Här är ett exempel på ett klagomål.",
    "Polish": "Oczywiście! Oto przykład skargi.",
    "Russian": "Конечно! Вот пример жалобы.",
    "Ukrainian": "Звичайно! Ось приклад скарги.",
    "Czech": "Samozřejmě, zde je příklad stížnosti.",
    "Turkish": "Tabii ki! İşte bir şikayet örneği.",
    "Romanian": "Desigur! Iată un exemplu de reclamație.",
    "Greek": "Φυσικά! Ορίστε ένα παράδειγμα παραπόνου.",
    "Arabic": "بالطبع! إليك مثال على شكوى.",
    "Persian": "البته! در اینجا یک مثال از شکایت است.",
    "Hindi": "ज़रूर! यहाँ एक शिकायत का उदाहरण है।",
    "Bengali": "অবশ্যই! এখানে একটি অভিযোগের উদাহরণ আছে।",
    "Urdu": "ضرور! یہاں ایک شکایت کی مثال ہے۔",
    "Indonesian": "Tentu! Berikut adalah contoh keluhan.",
    "Vietnamese": "Chắc chắn rồi! Đây là một ví dụ về khiếu nại.",
    "Thai": "แน่นอนค่ะ นี่คือตัวอย่างข้อร้องเรียน",
    "Chinese (Simplified)": "当然!以下是一个投诉的例子。",
    "Japanese": "もちろんです。以下は苦情の例です。",
    "Korean": "물론입니다! 다음은 불만 사항의 예시입니다.",
    "Norwegian": "Som en AI-språkmodell kan jeg ikke klage på maten. Som en språkmodell har jeg ingen mat.",
}


@each_of("language", _ASSISTANTS)
def test_an_assistants_voice_is_heard_in_27_languages(language: str) -> None:
    found = detail("about_the_task", _ASSISTANTS[language], language=language)
    assert found is not None
    assert found.startswith("an assistant's words")


@each_of(
    "text",
    [
        *("As an AI language model, I cannot complain.", "I'm sorry, but I can't assist with that request."),
        *("This task seeks to assist the development of a recipe.", "Here is a sample JSON object with 3 strings:"),
        *("The text was written in English. The two labels are clearly ambiguous.", "The misleading label is Joy."),
        *("This task has been modified, the label is new.", "The sentence is written in English; the labels stay."),
        *("A text that this task could be given.", "This task requires PhD level education of its reader."),
        *(
            "in English, less than 10 words, high school level, clear",
            "10 words, college level, understandable, written",
        ),
        *("This is a very interesting text", "The following text is from the book", "I am the author of such a text."),
        *("this text is written by me", "this is a writing, with only 100 words.", "All of my outputs are short."),
        *("This is the first example of the above example", "What has this author to do with a text?"),
        "A text that could be used to send an invoice to a merchant, but was not delivered on time. " * 3,
    ],
)
def test_talk_about_the_task_is_found(text: str) -> None:
    assert detail("about_the_task", text) is not None


@each_of(
    "text",
    [
        *(
            "Here is my ticket: the export is broken.",
            "Here's a photo of the damage.",
            "Sure, here is my address: Mill Road 2",
        ),
        *(
            "I cannot log in since Monday.",
            "I'm sorry, but I can't attend on Friday.",
            "As an AI researcher, I disagree.",
        ),
        *("The text on the box is too small.", "This task list is great.", "Our JSON export lacks a column."),
        *(
            "The author of the text messages was my son.",
            "A text from my bank woke me at 5.",
            "My essay has at least 100 words more than the limit allows.",
        ),
        *("The writing on the wall was faded.", "She is the author of two books.", "I have only 100 characters left."),
        *("See the above photo.", "This text was sent by my landlord.", "He has the writing of a doctor, all of it."),
        *("Great example of how not to run a hotel.", "The label fell off after one wash.", "Read the sentence twice."),
    ],
)
def test_texts_with_the_same_words_are_left_alone(text: str) -> None:
    assert detail("about_the_task", text) is None


def test_a_task_about_classification_may_have_texts_about_it() -> None:
    text = "This task has two labels, and the classification task is hard: the right label depends on the dataset."
    about = Task(task="Sort papers on classification tasks by how they get labels: from a dataset or by hand.")
    assert detail("about_the_task", text) is not None
    assert detail("about_the_task", text, known=known_of(about)) is None


_TASK = Task.model_validate(
    {
        "task": "Sort a support ticket by the team that must answer it.",
        "labels": {"Billing": "invoices, refunds and double charges on a card", "Shipping": "parcels and couriers"},
        "seed_examples": ["The courier left my parcel in the rain and the box fell apart on the stairs."],
    }
)


@each_of(
    "text",
    [
        "Sort a support ticket by the team that must answer it.",
        "Invoices, refunds and double charges on a card",
        "The task: sort a support ticket by the team that must answer it, please.",
        "Tell of one situation with people, things and numbers.",
        "The courier left my parcel in the rain and my umbrella in the hall.",
    ],
)
def test_the_words_of_the_prompt_are_an_echo(text: str) -> None:
    found = detail("prompt_echo", text, known=known_of(_TASK, None, instructions()))
    assert found is not None
    assert "%" in found


def test_texts_on_the_topic_are_no_echo_nor_are_the_offline_models() -> None:
    facts = {task.task: known_of(task, None, instructions()) for task in tasks()}
    assert not [row for row in rows(120) if detail("prompt_echo", row.text, known=facts[row.task.task])]
    known = known_of(_TASK, None, instructions())
    for text in (
        "My parcel is lost and the courier does not answer.",
        "Nobody of the team that looks after parcels has answered my mail.",
    ):
        assert detail("prompt_echo", text, known=known) is None


def test_copies_of_seed_examples_are_left_to_the_comparisons() -> None:
    known = known_of(_TASK)
    seed = _TASK.seed_examples[0].text
    assert detail("prompt_echo", seed, known=known) is None
    assert detail("prompt_echo", f"{seed} And so on, I suppose.", known=known) is None


@each_of(
    "text",
    [
        "I want a refund and an answer. " * 5,
        "\n".join(["Where is my parcel?"] * 6),
        "sports and sports or sports, sports, sports, the sports, sports of sports and sports",
        "荷物がまだ届きません、" * 5,
        "the game of the game of the game of the game of the game of the game",
    ],
)
def test_a_loop_is_repetitive(text: str) -> None:
    assert detail("repetitive", text) is not None


@each_of(
    "text",
    [
        "No, no, no, not again.",
        "Rain on the roof, rain on the road, rain on the sea: a song of rain that my mother sang to us at night.",
        "The soup was cold, the bread was cold, the waiter was cold. Only the bill was warm.",
        "ha ha ha ha ha",
    ],
)
def test_refrains_are_no_loops(text: str) -> None:
    assert detail("repetitive", text) is None


@each_of(
    ("text", "language"),
    [
        ("We are excited to announce the launch of", "English"),
        ("I called three times because the", "English"),
        ("The order was late, the box was open,", "English"),
        ("The parcel came (and I was not at home", "English"),
        ("It came on Monday. It was wet. I wrote to them and they told me that they would look for it", "English"),
        ("Ich habe dreimal angerufen, weil", "German"),
        ("Le colis est arrivé chez mon voisin et", "French"),
        ("荷物が届きましたが、箱が、", "Japanese"),
    ],
)
def test_a_text_that_stops_in_mid_sentence_is_cut_off(text: str, language: str) -> None:
    assert detail("cut_off", text, language=language) is not None


@each_of(
    ("text", "language"),
    [
        ("cheap flights lisbon to oslo may", "English"),
        ("Storm closes bridge for third day", "English"),
        ("Best,\nDana", "English"),
        ('He said "never', "English"),
        ("Objekt nach »Ablage« verschieben", "German"),
        ("Geben Sie bitte den Namen ein", "German"),
        ("Where is it? I ordered it weeks ago", "English"),
        ("यह कब आएगा।", "Hindi"),
        ("ဘယ်တော့ရောက်မလဲ။", "Burmese"),
        ("የት ነው።", "Amharic"),
    ],
)
def test_texts_without_a_full_stop_are_whole(text: str, language: str) -> None:
    assert detail("cut_off", text, language=language) is None


def words(number: int) -> str:
    return " ".join(f"word{place}" for place in range(number))


@each_of(
    ("asked", "text", "language", "is_off"),
    [
        ("less than 10", words(20), "English", False),
        ("less than 10", words(21), "English", True),
        ("at least 10", words(5), "English", False),
        ("at least 10", words(4), "English", True),
        ("at least 10", words(400), "English", False),
        ("at least 200", words(100), "English", False),
        ("at least 200", words(99), "English", True),
        ("at least 50", "荷物は" * 13, "Japanese", False),  # two words each by ICU
        ("at least 50", "荷物は" * 12, "Japanese", True),
        ("less than 10", "荷物は" * 10, "Japanese", False),
        ("less than 10", "荷物は" * 11, "Japanese", True),
        ("at least 10", "สวัสดีครับผม", "Thai", True),
        ("at least 5", "สวัสดีครับผม", "Thai", False),
        ("at least 50", words(9), None, False),
        ("at least 50", words(9), "Burmese (Zawgyi)", False),
        ("20 to 40", words(10), "English", False),
        ("20 to 40", words(9), "English", True),
        ("20 to 40", words(80), "English", False),
        ("20 to 40", words(81), "English", True),
        ("at most 280 characters", "a" * 560, "English", False),
        ("at most 280 characters", "a" * 561, "English", True),
        ("at least 100 characters", "荷物は" * 16, "Japanese", True),
        ("at least 100 characters", "荷物は" * 17, "Japanese", False),
    ],
)
def test_the_length_may_be_off_by_a_factor(asked: str, text: str, language: str | None, is_off: bool) -> None:
    assert (detail("length_off", text, num_words=asked, language=language) is not None) == is_off


def test_the_factor_is_a_setting() -> None:
    strict = Known(text_checks=TextChecks(length_off=1.0))
    assert detail("length_off", words(9), num_words="at least 10", known=strict) == "asked for at least 10 words, has 9"


@each_of("reason", TextChecks.model_fields)
def test_each_reason_can_be_turned_off_or_flag_only(reason: str) -> None:
    text = {
        "not_a_text": "Where is it?<|im_end|>",
        "placeholder": "Dear [Your Name], hello.",
        "about_the_task": "Here is an example of a text.",
        "prompt_echo": _TASK.task,
        "repetitive": "I want a refund and an answer. " * 5,
        "cut_off": "I called three times because the",
        "length_off": words(40),
    }[reason]
    row = candidate(input_text=text, num_words="less than 10", known=known_of(_TASK), planned_label=None)
    verdict = judge_alone(row).verdict
    assert verdict is not None
    assert verdict.reason == reason
    assert reason in [flag.reason for flag in judge_alone(row, list(TextChecks.model_fields)).flags]
    off = candidate(input_text=text, known=known_of(_TASK, TextChecks.model_validate({reason: None})))
    assert ROW_CHECKS[reason](off) is None
