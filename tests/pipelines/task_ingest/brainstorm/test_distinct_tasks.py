"""When two sentences describe one task."""

import time

from synthetic_textcat.pipelines.task_ingest.brainstorm.distinct_tasks import DistinctTasks
from tests.support.each_case import each_of

_HOTELS = "Sort customer reviews of hotels by star rating."
_VET = "Classify emails to a vet by the animal they concern."
_CROPS = "Tell which crop disease a farmer's note describes."
_RECIPES = "Classify recipes by the cooking technique they use."

_REWORDINGS = [
    (_HOTELS, "Sort customer reviews of hotel by star ratings."),
    (_HOTELS, "sort  customer reviews of hotels by star rating"),
    (_HOTELS, "Sort hotel customer reviews by star rating."),
    (_VET, "Classify the emails to a vet by the animal that they concern"),
    (_CROPS, "Tell which crop disease farmers\u2019 notes describe."),
    (_RECIPES, "Categorize recipes by cooking technique used."),
    ("Determine which stage of mourning a diary entry shows.", "Determine which stage of mourning diary entries show."),
    ("Sort museum visitor comments by the exhibit.", "Sort comments of museum visitors by their exhibits."),
    ("Classify legal clauses by the party that bears the risk.", "Classify a legal clause by the party bearing risk."),
    ("Sort bug reports of a game by the affected component.", "Sort a game's bug reports by the component affected."),
    (
        "Assign shipping inquiries to the port that they are about.",
        "Assign shipping enquiries to the port they are about",
    ),
    ("根据客户投诉的原因对投诉进行分类。", "按原因对客户投诉进行分类"),
    ("根据客户投诉的原因对投诉进行分类。", "请根据客户投诉的原因对投诉进行分类"),
    ("判断病历属于哪个科室。", "判断一份病历属于哪个科室"),
    ("根据邮件所涉及的动物对发给兽医的邮件进行分类。", "将发给兽医的邮件按所涉及的动物归类。"),
    ("根據客戶投訴的原因對投訴進行分類。", "按原因對客戶投訴進行分類"),
    ("顧客からの苦情を原因別に分類する。", "顧客からの苦情を原因別に分類してください。"),
    ("レビューを評価の理由で分類する。", "レビューを評価の理由によって分類します。"),
    ("จำแนกข้อร้องเรียนของลูกค้าตามสาเหตุ", "จำแนก ข้อร้องเรียนของลูกค้า ตามสาเหตุ"),
    ("จำแนกข้อร้องเรียนของลูกค้าตามสาเหตุ", "จำแนกข้อร้องเรียนลูกค้าตามสาเหตุของข้อร้องเรียน"),
]
_NEIGHBOURS = [
    (_HOTELS, "Sort customer reviews of restaurants by star rating."),
    (_HOTELS, "Sort customer reviews of hotels by the reviewer's travel party."),
    (_VET, "Classify emails to a zoo by the animal they concern."),
    (_CROPS, "Tell which cattle disease a farmer's note describes."),
    (_RECIPES, "Classify recipes by the cooking fat they use."),
    ("Sort insurance claims by the type of damage.", "Sort insurance claims by the type of vehicle."),
    ("Identify the main complaint on rail journeys.", "Identify the main complaint on ferry journeys."),
    ("Sort mails by the reason for a pupil's absence.", "Sort mails by the reason for a teacher's absence."),
    ("Tell the tone.", "Tell the topic."),
    ("根据客户投诉的原因对投诉进行分类。", "根据客户投诉的部门对投诉进行分类。"),
    ("对发给兽医的关于猫的邮件按症状进行分类。", "对发给兽医的关于狗的邮件按症状进行分类。"),
    ("判断病历属于哪个科室。", "判断处方属于哪个科室。"),
    ("按评论中提到的房间问题对酒店评论进行分类。", "按评论中提到的房间问题对公寓评论进行分类。"),
    ("按评论中提到的房间问题对酒店评论进行分类。", "按评论中提到的早餐问题对酒店评论进行分类。"),
    ("根据保险理赔报告中描述的损失类型进行分类。", "根据保险理赔报告中描述的车辆类型进行分类。"),
    ("顧客からの苦情を原因別に分類する。", "顧客からの苦情を製品別に分類する。"),
    ("獣医へのメールを動物の種類で分類する。", "動物園へのメールを動物の種類で分類する。"),
    ("จำแนกข้อร้องเรียนของลูกค้าตามสาเหตุ", "จำแนกข้อร้องเรียนของผู้ป่วยตามสาเหตุ"),
    ("จำแนกรีวิวโรงแรมตามคะแนน", "จำแนกรีวิวโรงแรมตามภาษา"),
]


@each_of(("one", "other"), _REWORDINGS)
def test_a_rewording_is_the_same_task(one: str, other: str) -> None:
    assert other in DistinctTasks([one])
    assert one in DistinctTasks([other])


@each_of(("one", "other"), _NEIGHBOURS)
def test_another_thing_or_criterion_is_another_task(one: str, other: str) -> None:
    assert other not in DistinctTasks([one])


def test_only_new_tasks_are_taken_in() -> None:
    tasks = DistinctTasks()
    assert [tasks.add(text) for text in ("Sort mails by port.", "Sort the mail by ports.", "Tell it.", "!?", "!?")] == [
        *(True, False, True, True, False),
    ]


def test_thousands_of_tasks_stay_fast() -> None:
    things = [f"{a}{b}{c}" for a in "bdfgklmnpr" for b in "aeiou" for c in ("lt", "nd", "rk", "sp")]
    begun = time.process_time()
    tasks = DistinctTasks(f"Sort {one} notes by their {other}." for one in things for other in things[::20])
    assert "Sort a note on balt by the nalt of it." in tasks
    assert time.process_time() - begun < 5  # ten times what it takes here
