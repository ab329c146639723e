"""The rules of docs/mastery.md a second time, by scipy: what crates/mastery has to agree with.

Reads a class's record from standard input, as JSON, and prints each student's mastery of each concept
and the analysis of each item.
"""

import json
import sys
from collections import Counter, defaultdict

import numpy
from scipy import stats


def evidence(attempts):
    """One student's attempts at one item, oldest first."""
    exercise = attempts[0]["kind"] == "exercise"

    def worth(attempt):
        if not exercise:
            return attempt["score"]
        return max(0.25, 1 - attempt["hints"] / 4) if attempt["right"] else 0.0

    counting, *later = attempts
    for attempt in later:
        reviewed = attempt["review"] and attempt["day"] > counting["day"]
        passed_at_last = exercise and attempt["right"] and not counting["right"]
        if reviewed or passed_at_last:
            counting = attempt
    return worth(counting)


def mastery(evidences_and_points):
    evidences = numpy.array([evidence for evidence, _ in evidences_and_points], dtype=float)
    points = numpy.array([min(points, 3) for _, points in evidences_and_points], dtype=float)
    beta = stats.beta(1 + points @ evidences, 1 + points @ (1 - evidences))
    low, high = beta.interval(0.8)
    if len(evidences) == 0:
        level = "none"
    elif high - low > 0.4:
        level = "unsure"
    else:
        level = ["beginning", "getting there", "mastered"][numpy.digitize(beta.mean(), [0.5, 0.8])]
    return {"mean": beta.mean(), "low": low, "high": high, "level": level}


def analysis(item, first):
    """`first`: by student and item, the first attempt."""
    answers = {student: of[item] for student, of in first.items() if item in of}
    pairs = [
        (answer["score"], numpy.mean([o["score"] for i, o in first[student].items() if i != item]))
        for student, answer in answers.items()
        if len(first[student]) > 1
    ]
    discrimination = None
    if len(pairs) >= 3:
        scores, rests = numpy.array(pairs).T
        if numpy.ptp(scores) > 1e-9 and numpy.ptp(rests) > 1e-9:
            discrimination = stats.pearsonr(scores, rests)[0]
    chosen = Counter(choice for answer in answers.values() for choice in answer["choices"])
    return {
        "answers": len(answers),
        "facility": numpy.mean([answer["score"] for answer in answers.values()]),
        "discrimination": discrimination,
        "choices": dict(chosen),
        "few": len(answers) < 10,
    }


def main():
    record = json.load(sys.stdin)
    by_student = defaultdict(lambda: defaultdict(list))
    first = defaultdict(dict)
    for attempt in record["attempts"]:
        by_student[attempt["student"]][attempt["item"]].append(attempt)
        if not attempt["review"]:
            first[attempt["student"]].setdefault(attempt["item"], attempt)
    items = {item["id"]: item for item in record["items"]}
    concepts = sorted({concept for item in items.values() for concept in item["concepts"]})
    masteries = {
        student: {
            concept: mastery(
                [
                    (evidence(attempts), items[item]["points"])
                    for item, attempts in of.items()
                    if concept in items[item]["concepts"]
                ]
            )
            for concept in concepts
        }
        for student, of in by_student.items()
    }
    analysed = {item for of in first.values() for item in of}
    json.dump(
        {"mastery": masteries, "items": {item: analysis(item, first) for item in analysed}},
        sys.stdout,
    )


main()
