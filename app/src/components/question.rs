//! A question as its student sees it: a form that works without scripts.

use course::{Grade, Kind, Lang, LessonId, Question, QuestionText, Response};
use leptos::prelude::*;
use store::AccountId;

use super::{exercise::sign_in_feedback, mark, rendered};
use crate::{pages::paths, words::Words};

/// Something to tell about an answer that was not graded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Something is not filled in, or two things stand in one place.
    Incomplete,
    /// Longer than an answer may be.
    TooLong,
    /// A number is asked for.
    NotANumber,
    /// Another page of the student's has answered it already, otherwise: that answer stands, and is shown.
    Given,
    /// It was an answer to what the question was before its author changed it.
    Changed,
    /// Nobody is signed in; `next` leads back here with the answer kept.
    SignIn {
        /// Where to go after signing in.
        next: String,
        /// Whether a session has ended.
        lapsed: bool,
    },
}

/// On which page a question stands: its answer goes to another place, and its element has another id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QuestionPage {
    /// Its lesson's.
    #[default]
    Lesson,
    /// The student's review, among those of other lessons.
    Review,
}

impl QuestionPage {
    /// Where the answer is sent.
    fn action(self, lang: Lang, lesson: &LessonId, question: &Question) -> String {
        match self {
            Self::Lesson => paths::question(lang, lesson, &question.id),
            Self::Review => paths::review_item(lang, lesson, &question.id),
        }
    }

    /// The element's id.
    fn id(self, lesson: &LessonId, question: &Question) -> String {
        match self {
            Self::Lesson => question.id.to_string(),
            Self::Review => paths::review_id(lesson, &question.id),
        }
    }
}

impl Notice {
    /// The key of its words; none for what is more than words.
    pub(crate) fn word(&self) -> Option<&'static str> {
        Some(match self {
            Self::Incomplete => "answer-incomplete",
            Self::TooLong => "answer-too-long",
            Self::NotANumber => "answer-not-a-number",
            Self::Changed => "question-changed",
            Self::Given | Self::SignIn { .. } => return None,
        })
    }
}

/// What a question's block shows besides its text.
#[derive(Clone, Debug)]
pub struct QuestionView {
    /// Where it is shown.
    pub page: QuestionPage,
    /// Shuffles the choices: the same for one student.
    pub seed: u64,
    /// Whose answer it would be; what is entered is kept in the browser under their name. Nobody's is
    /// not kept.
    pub whose: Option<AccountId>,
    /// How often it was answered.
    pub tries: usize,
    /// The last answer, or the draft of one.
    pub response: Option<Response>,
    /// How the last answer was judged; none for a draft.
    pub grade: Option<Grade>,
    /// Something to tell.
    pub notice: Option<Notice>,
    /// Names the next submission.
    pub key: String,
    /// Stands before the names of its fields: empty where the question is a form of its own, else what
    /// tells it from the others of its form.
    pub prefix: String,
    /// Whether the answer stands: it was handed in with others.
    pub handed_in: bool,
}

impl QuestionView {
    /// Shows `response` as entered, but not given yet.
    pub fn draft(&mut self, response: Option<Response>) {
        if response.is_some() {
            self.response = response;
            self.grade = None;
        }
    }

    /// Whether nothing can be changed any more.
    fn settled(&self) -> bool {
        self.handed_in || self.right()
    }

    /// Whether the browser is to ask for an answer. Of several questions some may be left out.
    fn required(&self) -> bool {
        self.prefix.is_empty()
    }

    fn right(&self) -> bool {
        self.grade.as_ref().is_some_and(|grade| grade.right)
    }

    /// Whether this part (see [`Grade::parts`]) was right; `None` before it was judged.
    fn part(&self, index: usize) -> Option<bool> {
        self.grade.as_ref()?.parts.get(index).copied()
    }
}

/// The whole block of a question, the `number`th of its page.
pub fn question(
    words: Words,
    lesson: &LessonId,
    question: &Question,
    number: usize,
    view: QuestionView,
) -> impl IntoView + use<> {
    let id = view.page.id(lesson, question);
    let text = question.text.get(words.0).clone();
    let (state, sign, word) = match (&view.grade, view.right()) {
        (_, true) => ("right", "done", "question-right"),
        (Some(_), false) => ("wrong", "tried", "question-wrong"),
        (None, _) => ("open", "", "question-open"),
    };
    let word = words.t(word);
    let name = words.with("question-number", &[("n", number.into())]);
    let button = if view.grade.is_none() {
        "give-answer"
    } else {
        "answer-again"
    };
    let act = (!view.right()).then(|| {
        view! {
            <div class="act">
                <button class="button primary" id=format!("{id}-answer")>{words.t(button)}</button>
            </div>
        }
    });
    let said = format!("{name}: {word}");
    let shown = question.shown();
    let draft = view
        .whose
        .map(|account| format!("{account}/{lesson}/{id}/{shown}"));
    let entered = view.response.is_some() && view.grade.is_none();
    view! {
        <form
            class="quiz"
            id=id.clone()
            method="post"
            action=view.page.action(words.0, lesson, question)
            data-kind=kind_word(&question.kind)
            data-state=state
            data-say=said
            data-draft=draft
            data-entered=entered
            tabindex="-1"
            data-live
        >
            <header class="work-head">
                {mark(sign)}
                <h3><span class="kind">{name}</span></h3>
                <p class="state">{word}</p>
            </header>
            <input type="hidden" name="key" value=view.key.clone() />
            // What the answer belongs to, should the question change while the page is open.
            <input type="hidden" name="shown" value=shown />
            <input type="hidden" name="spent" />
            {asked(words, question, &view, &id)}
            {act}
            {feedback(words, question, &text, &view)}
        </form>
    }
}

/// What is asked, and where to answer, in the element of this id.
pub(crate) fn asked(
    words: Words,
    question: &Question,
    view: &QuestionView,
    id: &str,
) -> impl IntoView + use<> {
    let text = question.text.get(words.0);
    let prompt = format!("{id}-prompt");
    let described_by = prompt.clone();
    view! {
        <fieldset aria-describedby=described_by>
            <legend class="visually-hidden">{text.title.clone()}</legend>
            <div class="prompt" id=prompt inner_html=text.prompt.as_str().to_owned()></div>
            {say(words, &question.kind)}
            {fields(words, question, text, view)}
        </fieldset>
    }
}

pub(crate) fn kind_word(kind: &Kind) -> &'static str {
    match kind {
        Kind::Single { .. } => "single",
        Kind::Multiple { .. } => "multiple",
        Kind::Short { .. } => "short",
        Kind::Number { .. } => "number",
        Kind::Order { .. } => "order",
        Kind::Match { .. } => "match",
    }
}

/// How to answer, where the form does not say it by itself.
fn say(words: Words, kind: &Kind) -> Option<impl IntoView + use<>> {
    let key = match kind {
        Kind::Multiple { .. } => "question-several",
        Kind::Order { .. } => "question-order",
        _ => return None,
    };
    Some(view! { <p class="say">{words.t(key)}</p> })
}

fn fields(words: Words, question: &Question, text: &QuestionText, view: &QuestionView) -> AnyView {
    match &question.kind {
        Kind::Single { .. } => choices(words, question, text, view, "radio"),
        Kind::Multiple { .. } => choices(words, question, text, view, "checkbox"),
        Kind::Short { .. } => typed(words, None, view),
        Kind::Number { .. } => typed(words, Some(text.unit.clone().unwrap_or_default()), view),
        Kind::Order { .. } => order(words, question, text, view),
        Kind::Match { .. } => pairs(words, question, text, view),
    }
}

fn choices(
    words: Words,
    question: &Question,
    text: &QuestionText,
    view: &QuestionView,
    kind: &'static str,
) -> AnyView {
    let right = view.right();
    let choice = |index: usize| {
        let chosen = match &view.response {
            Some(Response::Single(one)) => *one == index,
            Some(Response::Multiple(several)) => several.contains(&index),
            _ => false,
        };
        // Only what was chosen is judged: a choice left alone gives nothing away.
        let judged = (chosen && view.grade.is_some()).then(|| match question.kind {
            Kind::Multiple { .. } => view.part(index) == Some(true),
            _ => right,
        });
        let (judgement, verdict) = match judged {
            Some(true) => (Some("right"), Some(words.t("verdict-right"))),
            Some(false) => (Some("wrong"), Some(words.t("verdict-wrong"))),
            None => (None, None),
        };
        let note = text.notes.get(index).cloned().flatten();
        let note = note.filter(|_| judged == Some(false) || right);
        view! {
            <label class="choice" data-mark=judgement>
                <input
                    type=kind
                    name=format!("{}choice", view.prefix)
                    value=index
                    checked=chosen
                    disabled=view.settled()
                    required=kind == "radio" && view.required()
                />
                <span inner_html=text.choices[index].as_str().to_owned()></span>
                {verdict.map(|verdict| view! { <span class="verdict">{verdict}</span> })}
                {note
                    .map(|note| {
                        view! { <span class="note" inner_html=note.as_str().to_owned()></span> }
                    })}
            </label>
        }
    };
    let shown: Vec<_> = question
        .shown_order(view.seed)
        .into_iter()
        .map(choice)
        .collect();
    view! { <div class="choices">{shown}</div> }.into_any()
}

/// A field to type into; `unit` is there for numbers, perhaps empty.
fn typed(words: Words, unit: Option<String>, view: &QuestionView) -> AnyView {
    let value = match &view.response {
        Some(Response::Short(text) | Response::Number(text)) => text.clone(),
        _ => String::new(),
    };
    let label = match &unit {
        Some(unit) if !unit.is_empty() => {
            words.with("answer-in-unit", &[("unit", unit.clone().into())])
        }
        _ => words.t("answer"),
    };
    let mode = unit.is_some().then_some("decimal");
    let judgement = view
        .grade
        .as_ref()
        .map(|grade| if grade.right { "right" } else { "wrong" });
    view! {
        <div class="short">
            <input
                name=format!("{}text", view.prefix)
                value=value
                required=view.required()
                disabled=view.settled()
                maxlength=course::ANSWER_MAX
                autocomplete="off"
                inputmode=mode
                aria-label=label
                data-mark=judgement
            />
            {unit.map(|unit| view! { <span>{unit}</span> })}
        </div>
    }
    .into_any()
}

/// Rows with the place of each, in the order of the answer if there is one. Our script lets them be
/// moved by its buttons and by dragging: it shows what is `hidden` here, and sets the places.
fn order(words: Words, question: &Question, text: &QuestionText, view: &QuestionView) -> AnyView {
    let count = question.choice_count();
    let given = match &view.response {
        Some(Response::Order(order)) => Some(order),
        _ => None,
    };
    let row = |index: usize| {
        let place = given.and_then(|order| order.iter().position(|choice| *choice == index));
        let options = (0..count)
            .map(|place| (place, (place + 1).to_string()))
            .collect();
        let name = &text.plain_choices[index];
        let field = format!("place-{index}");
        let select = select(words, field, name, options, place, view, index);
        let label = text.choices[index].as_str().to_owned();
        let moves = (!view.settled()).then(|| moves(words, name));
        view! {
            <li>
                {select} <span inner_html=label></span>
                <span class="moves">{moves} {part_mark(words, view.part(index))}</span>
            </li>
        }
    };
    let shown = given
        .cloned()
        .unwrap_or_else(|| question.shown_order(view.seed));
    let rows: Vec<_> = shown.into_iter().map(row).collect();
    view! { <ol class="pairs order">{rows}</ol> }.into_any()
}

/// What moves a row.
fn moves(words: Words, name: &str) -> impl IntoView + use<> {
    let button = |by: &'static str, key: &str| {
        let label = words.with(key, &[("name", name.to_owned().into())]);
        view! { <button type="button" class="icon-button" data-move=by aria-label=label hidden></button> }
    };
    view! {
        {button("-1", "move-up")}
        {button("1", "move-down")}
        <span class="grip" aria-hidden="true" hidden></span>
    }
}

fn pairs(words: Words, question: &Question, text: &QuestionText, view: &QuestionView) -> AnyView {
    let targets = question.shown_targets(view.seed);
    let row = |index: usize| {
        let chosen = match &view.response {
            Some(Response::Match(chosen)) => chosen.get(index).copied(),
            _ => None,
        };
        let options = targets
            .iter()
            .map(|target| (*target, text.targets[*target].clone()))
            .collect();
        let select = select(
            words,
            format!("target-{index}"),
            &text.plain_choices[index],
            options,
            chosen,
            view,
            index,
        );
        let label = text.choices[index].as_str().to_owned();
        view! { <li><span inner_html=label></span> {select} {part_mark(words, view.part(index))}</li> }
    };
    let rows: Vec<_> = question
        .shown_order(view.seed)
        .into_iter()
        .map(row)
        .collect();
    view! { <ul class="pairs">{rows}</ul> }.into_any()
}

fn select(
    words: Words,
    name: String,
    label: &str,
    options: Vec<(usize, String)>,
    chosen: Option<usize>,
    view: &QuestionView,
    part: usize,
) -> impl IntoView + use<> {
    let judgement = view
        .part(part)
        .map(|right| if right { "right" } else { "wrong" });
    let options: Vec<_> = options
        .into_iter()
        .map(|(value, text)| {
            view! { <option value=value selected=chosen == Some(value)>{text}</option> }
        })
        .collect();
    view! {
        <select
            name=format!("{}{name}", view.prefix)
            required=view.required()
            disabled=view.settled()
            aria-label=label.to_owned()
            data-mark=judgement
        >
            <option value="">{words.t("choose")}</option>
            {options}
        </select>
    }
}

fn part_mark(words: Words, right: Option<bool>) -> Option<impl IntoView + use<>> {
    let right = right?;
    let (sign, word) = if right {
        ("done", "verdict-right")
    } else {
        ("wrong", "verdict-wrong")
    };
    Some(view! { {mark(sign)} <span class="visually-hidden">{words.t(word)}</span> })
}

/// How far a wrong answer was right, without giving the rest away.
fn partly(words: Words, question: &Question, view: &QuestionView, grade: &Grade) -> String {
    let right = |index: &usize| grade.parts.get(*index) == Some(&true);
    match (&question.kind, &view.response) {
        (Kind::Multiple { .. }, Some(Response::Multiple(chosen))) if chosen.iter().all(right) => {
            words.t("question-more")
        }
        (Kind::Order { .. } | Kind::Match { .. }, _) => {
            let hits = grade.parts.iter().filter(|part| **part).count();
            let values = [("hits", hits.into()), ("all", grade.parts.len().into())];
            words.with("question-partly", &values)
        }
        _ => words.t("question-wrong-long"),
    }
}

fn feedback(
    words: Words,
    question: &Question,
    text: &QuestionText,
    view: &QuestionView,
) -> AnyView {
    if let Some(key) = view.notice.as_ref().and_then(Notice::word) {
        return view! { <div class="feedback" data-tone="wrong"><p>{words.t(key)}</p></div> }
            .into_any();
    }
    let given = (view.notice == Some(Notice::Given)).then(|| words.t("question-given"));
    let given = given.map(|said| view! { <p>{said}</p> });
    match (&view.notice, &view.grade) {
        (Some(Notice::SignIn { next, lapsed }), _) => {
            sign_in_feedback(words, next, *lapsed).into_any()
        }
        (_, Some(grade)) if grade.right => view! {
            <div class="feedback" data-tone="done">
                {given}
                <p class="verdict">{words.t("question-right-long")}</p>
                {text.explain.as_ref().map(|html| rendered("flow", html))}
            </div>
        }
        .into_any(),
        (_, Some(grade)) => {
            let said = partly(words, question, view, grade);
            view! { <div class="feedback" data-tone="wrong">{given} <p>{said}</p></div> }.into_any()
        }
        (_, None) => view! { <div class="feedback">{given}</div> }.into_any(),
    }
}
