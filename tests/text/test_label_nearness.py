"""Labels with names and descriptions in common are near one another, in any script and whatever the order."""

import numpy as np

from synthetic_textcat.text.label_nearness import GRADES, cosine_similarities, nearness_grades
from tests.support.each_case import each_of

_TEAMS = {
    "Billing": "invoices, refunds and payment methods",
    "Payments": "failed payments, cards and invoices",
    "Shipping": "parcels, couriers and delivery dates",
    "Privacy": "personal data and deleting an account",
    "Accounts": "passwords, logins and e-mail addresses of an account",
}
_INTENTS = (
    "cancel_invoice",
    "cancel_order",
    "pay_invoice",
    "ask_the_price_of_account",
    "change_password",
    "track_order",
)


def _nearest(label: str, texts: list[str]) -> list[str]:
    similarity = cosine_similarities(texts)[texts.index(label)]
    return [texts[place] for place in np.argsort(-similarity, kind="stable") if texts[place] != label]


def test_intents_of_one_verb_or_thing_are_nearest() -> None:
    assert set(_nearest("cancel_invoice", list(_INTENTS))[:2]) == {"cancel_order", "pay_invoice"}
    grades = dict(zip(_INTENTS, nearness_grades(_INTENTS)[0].tolist(), strict=True))
    assert (grades["cancel_order"], grades["pay_invoice"], grades["ask_the_price_of_account"]) == (2, 2, 0)


def test_descriptions_count_too() -> None:
    texts = [f"{name} {description}" for name, description in _TEAMS.items()]
    for one, other in (("Billing", "Payments"), ("Privacy", "Accounts")):
        assert _nearest(f"{one} {_TEAMS[one]}", texts)[0].startswith(other)


@each_of(
    ("label", "nearest", "far"),
    [
        ("取消订单", "修改订单", "询问价格"),
        ("إلغاء الطلب", "تتبع الطلب", "سعر المنتج"),
        ("주문 취소", "주문 변경", "가격 문의"),
        ("रद्द आदेश", "बदलें आदेश", "मूल्य पूछें"),
        ("cancelOrder", "ChangeOrder", "AskPrice"),
        ("Bestellung-ändern", "BESTELLUNGEN", "Passwort"),
    ],
)
def test_names_are_compared_in_any_script_and_writing(label: str, nearest: str, far: str) -> None:
    texts = (far, label, nearest)
    assert _nearest(label, list(texts)) == [nearest, far]
    assert nearness_grades(texts)[1].tolist()[2] > nearness_grades(texts)[1].tolist()[0] == 0


def test_the_order_of_labels_moves_no_grade() -> None:
    forwards, backwards = nearness_grades(_INTENTS), nearness_grades(_INTENTS[::-1])
    assert (forwards == backwards[::-1, ::-1]).all()
    assert (forwards == forwards.T).all()


@each_of("texts", [("A", "B", "?"), ("yes", "no"), ("same", "same ", "x" * 10_000), ()])
def test_names_without_terms_or_of_any_length_have_grades(texts: tuple[str, ...]) -> None:
    similarity = cosine_similarities(texts)
    assert similarity.shape == (len(texts), len(texts))
    assert np.isfinite(similarity).all()
    assert (similarity <= 1 + 1e-12).all()
    assert set(nearness_grades(texts).ravel().tolist()) <= set(range(len(GRADES) + 1))


def test_weights_of_terms_are_whole_numbers_so_that_sums_have_no_last_digit() -> None:
    """Against the plain formula in floating point: only the rounding of idf lies between them."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = [name.replace("_", " ") for name in _INTENTS]
    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5)).fit_transform(texts)
    ours, theirs = cosine_similarities(texts), (vectors @ vectors.T).toarray()
    assert np.abs(ours - theirs).max() < 0.1  # ours has whole words as well
    assert np.corrcoef(ours.ravel(), theirs.ravel())[0, 1] > 0.99
