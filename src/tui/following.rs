//! Cursors of plain lists stay with their rows while the lists are sorted anew: a key that comes a moment later is meant
//! for what stood there. A cursor on the first row stays on the first, where the worst stands, until it is held.

use super::model::Model;
use crate::sigma::Board;
use crate::state::{BoardRow, Snapshot};
use crate::view::scene::{AskedAbout, Panel, RuleOrder, Tab};
use crate::view::{PanelRow, board_rows, panel_rows, rule_rows};

/// What a row is, wherever it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum RowName {
    /// Of one rule an entity is in one state of a board.
    State(Board, String, String),
    Rule(String, String),
    Entity(String, String),
    Source(String),
}

impl RowName {
    fn state(row: &BoardRow) -> Self {
        Self::State(row.board, row.transition.entity.clone(), row.transition.rule.id.clone())
    }

    /// As it is told.
    fn said(&self) -> &str {
        match self {
            RowName::State(_, value, _)
            | RowName::Rule(_, value)
            | RowName::Entity(_, value)
            | RowName::Source(value) => value,
        }
    }
}

/// A list whose cursor is a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RowList {
    Boards,
    Rules(RuleOrder),
    Entities,
    Sources,
    Panel(Panel),
}

impl RowList {
    fn all(model: &Model) -> [Self; 5] {
        let screens = &model.screens;
        [
            Self::Boards,
            Self::Rules(screens.rules.order),
            Self::Entities,
            Self::Sources,
            Self::Panel(screens.overview.panel),
        ]
    }

    fn is_open(self, tab: Tab) -> bool {
        match self {
            Self::Boards => tab == Tab::Boards,
            Self::Rules(_) => tab == Tab::Rules,
            Self::Entities => tab == Tab::Entities,
            Self::Sources => tab == Tab::Sources,
            Self::Panel(_) => tab == Tab::Overview,
        }
    }

    fn cursor(self, model: &mut Model) -> &mut usize {
        let screens = &mut model.screens;
        match self {
            Self::Boards => &mut screens.boards.selected,
            Self::Rules(_) => &mut screens.rules.list.selected,
            Self::Entities => &mut screens.entities.selected,
            Self::Sources => &mut screens.sources.selected,
            Self::Panel(_) => &mut screens.overview.row,
        }
    }

    fn names(self, snapshot: &Snapshot) -> Vec<RowName> {
        let source = |path: &str| RowName::Source(path.to_owned());
        let entities = || {
            let entities = snapshot.entities.iter();
            entities.map(|it| RowName::Entity(it.field.to_string(), it.value.to_string())).collect::<Vec<_>>()
        };
        match self {
            Self::Boards => board_rows(snapshot).into_iter().map(RowName::state).collect(),
            Self::Rules(order) => rule_rows(snapshot, order)
                .into_iter()
                .map(|row| RowName::Rule(row.rule.id.clone(), row.rule.title.clone()))
                .collect(),
            Self::Entities | Self::Panel(Panel::Entities) => entities(),
            Self::Sources => snapshot.sources.iter().map(|row| source(&row.status.path)).collect(),
            Self::Panel(panel) => panel_rows(snapshot, panel)
                .into_iter()
                .filter_map(|row| match row {
                    PanelRow::Board(row) => Some(RowName::state(row)),
                    PanelRow::Source(row) => Some(source(&row.status.path)),
                    PanelRow::Entity(_) => None,
                })
                .collect(),
        }
    }
}

/// A list and the row of its cursor.
pub(super) struct Selected {
    list: RowList,
    name: RowName,
}

/// The rows that cursors stand on.
pub(super) fn selected_rows(model: &mut Model) -> Vec<Selected> {
    let mut selected = Vec::new();
    for list in RowList::all(model) {
        let row = *list.cursor(model);
        let is_followed = row > 0 || (model.is_held && list.is_open(model.tab));
        if !is_followed {
            continue;
        }
        let names = list.names(&model.snapshot);
        let name = names.get(row.min(names.len().saturating_sub(1))).cloned();
        selected.extend(name.map(|name| Selected { list, name }));
    }
    selected
}

/// Puts the cursors where their rows are now. One whose row is gone stays at its place, and it is told what stands there.
pub(super) fn follow(model: &mut Model, rows: Vec<Selected>) {
    for Selected { list, name } in rows {
        let names = list.names(&model.snapshot);
        if let Some(row) = names.iter().position(|other| *other == name) {
            *list.cursor(model) = row;
            continue;
        }
        let last = names.len().saturating_sub(1);
        let cursor = list.cursor(model);
        *cursor = (*cursor).min(last);
        let now = names.get(*cursor).map(|name| name.said().to_owned());
        if let Some(whom) = now.filter(|_| list.is_open(model.tab)) {
            model.moved_to = Some(AskedAbout { verb: "selected now:", whom, what: String::new() });
        }
    }
}
