//! The rows of an *order*: moved by their buttons, by dragging, or by choosing a place.

use std::cell::RefCell;

use wasm_bindgen::JsCast;
use web_sys::{Document, Element, Event, HtmlElement, HtmlSelectElement, PointerEvent};

use super::dom;

/// Shows what moves the rows of the lists below `root`.
pub(super) fn wake(root: &Element) {
    for list in dom::all(root, "ol.order") {
        for control in dom::all(&list, "[data-move], .grip") {
            let _ = control.remove_attribute("hidden");
        }
        mark_ends(&rows(&list));
    }
}

pub(super) fn listen(document: &Document) {
    dom::on(document, "click", |event| {
        if let Some(button) = at(&event, "ol.order [data-move]") {
            pressed(&button);
        }
    });
    dom::on(document, "change", |event| {
        if let Some(select) = at(&event, "ol.order select") {
            chosen(&select);
        }
    });
    // The row in hand stays where it is in the page, and the others are moved past it: a row that is
    // taken out would lose the pointer.
    let dragged = std::rc::Rc::new(RefCell::new(None::<Element>));
    let grabbed = dragged.clone();
    dom::on(document, "pointerdown", move |event| {
        if let Some(row) = at(&event, "ol.order .grip").and_then(|grip| row_of(&grip)) {
            event.prevent_default();
            let _ = row.set_attribute("data-dragged", "");
            grabbed.replace(Some(row));
        }
    });
    let moved = dragged.clone();
    dom::on(document, "pointermove", move |event| {
        if let Some(row) = &*moved.borrow() {
            drag(row, event.unchecked_ref::<PointerEvent>().client_y().into());
        }
    });
    for name in ["pointerup", "pointercancel"] {
        let dragged = dragged.clone();
        dom::on(document, name, move |_| {
            if let Some(row) = dragged.take() {
                let _ = row.remove_attribute("data-dragged");
                settle(&row);
            }
        });
    }
}

/// Brings the rows into the order of their places, where each has one.
pub(super) fn arrange(list: &Element) {
    let mut places: Vec<(usize, Element)> = Vec::new();
    for row in rows(list) {
        match select(&row).and_then(|select| select.value().parse().ok()) {
            Some(place) => places.push((place, row)),
            None => return,
        }
    }
    places.sort_by_key(|(place, _)| *place);
    for (_, row) in &places {
        let _ = list.append_child(row);
    }
    mark_ends(&rows(list));
}

fn at(event: &Event, selector: &str) -> Option<Element> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    target.closest(selector).ok()?
}

fn row_of(control: &Element) -> Option<Element> {
    control.closest("ol.order > li").ok()?
}

fn rows(list: &Element) -> Vec<Element> {
    dom::all(list, ":scope > li").collect()
}

fn select(row: &Element) -> Option<HtmlSelectElement> {
    row.query_selector("select").ok()??.dyn_into().ok()
}

/// A row goes up or down by one.
fn pressed(button: &Element) {
    let Some(row) = row_of(button) else { return };
    let up = button.get_attribute("data-move").as_deref() == Some("-1");
    let (other, list) = if up {
        (row.previous_element_sibling(), row.parent_element())
    } else {
        (row.next_element_sibling(), row.parent_element())
    };
    if let (Some(other), Some(list)) = (other, list) {
        // The neighbour moves, so that the button keeps the focus.
        let before = if up {
            row.next_sibling()
        } else {
            Some(row.clone().into())
        };
        let _ = list.insert_before(&other, before.as_ref());
    }
    settle(&row);
}

/// A row was given a place: who has that place takes the row's, so that places given before stay.
fn chosen(control: &Element) {
    let (Some(row), Some(list)) = (row_of(control), control.closest("ol.order").ok().flatten())
    else {
        return;
    };
    let all = rows(&list);
    let here = all.iter().position(|it| *it == row);
    let place = select(&row).and_then(|select| select.value().parse::<usize>().ok());
    let (Some(here), Some(place)) = (here, place.filter(|place| *place < all.len())) else {
        return;
    };
    let mut order = all;
    order.swap(here, place);
    for it in &order {
        let _ = list.append_child(it);
    }
    let _ = control.unchecked_ref::<HtmlElement>().focus();
    settle(&row);
}

/// Moves the rows that the pointer has passed to the other side of the one in hand.
fn drag(row: &Element, y: f64) {
    let Some(list) = row.parent_element() else {
        return;
    };
    let middle = |other: &Element| {
        let area = other.get_bounding_client_rect();
        area.top() + area.height() / 2.0
    };
    if let Some(above) = row.previous_element_sibling().filter(|it| y < middle(it)) {
        let _ = list.insert_before(&above, row.next_sibling().as_ref());
    } else if let Some(below) = row.next_element_sibling().filter(|it| y > middle(it)) {
        let _ = list.insert_before(&below, Some(row));
    }
}

/// Gives each row the place where it stands, and says where `moved` is now.
fn settle(moved: &Element) {
    let Some(list) = moved.parent_element() else {
        return;
    };
    let all = rows(&list);
    for (place, row) in all.iter().enumerate() {
        if let Some(select) = select(row) {
            select.set_value(&place.to_string());
        }
    }
    mark_ends(&all);
    let name = select(moved).and_then(|select| select.get_attribute("aria-label"));
    let place = all.iter().position(|row| row == moved);
    if let (Some(name), Some(place), Some(announcer)) = (name, place, dom::find("#announcer")) {
        let said = format!("{name}: {} / {}", place + 1, all.len());
        announcer.set_text_content(Some(&said));
    }
    dom::tell_input(&list);
}

/// The first row cannot go up, the last not down. Not disabled: that would take the focus away.
fn mark_ends(rows: &[Element]) {
    for (index, row) in rows.iter().enumerate() {
        for (by, ends) in [("-1", index == 0), ("1", index + 1 == rows.len())] {
            let button = row.query_selector(&format!("[data-move='{by}']"));
            let Some(button) = button.ok().flatten() else {
                continue;
            };
            let _ = if ends {
                button.set_attribute("aria-disabled", "true")
            } else {
                button.remove_attribute("aria-disabled")
            };
        }
    }
}
