//! One question over the partitions that are there when it is asked.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use tantivy::query::TermQuery;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, DocId, Term};

use super::convert;
use super::deadline::Deadline;
use super::error::Error;
use super::part::Part;
use super::tokenizer::pair_term;
use super::top::{Found, Order, Span, Spot, Times, Top};
use super::view::{Counts, Gathered, View};
use crate::alert::Alert;
use crate::event::Record;
use crate::event::number::to_u64;
use crate::query::name::CORRELATION_ID;
use crate::query::words::fold;
use crate::query::{Expression, Trace, kinds_asked_for};

/// A trace lists at most this many events: the newest.
pub const TRACE_LIMIT: usize = 10_000;
/// Ids listed where a beginning fits several.
const MANY_IDS: usize = 10;
/// Names of fields among which one is looked for that may have been meant.
const SUGGESTED_NAMES: usize = 10_000;

/// A question over a list of partitions, which stays the same until it is answered.
pub struct Inquiry {
    pub parts: Arc<Vec<Arc<Part>>>,
    pub times: Times,
    pub deadline: Deadline,
}

impl Inquiry {
    /// The partitions that may hold an answer, the newest first, each with its place in the list.
    pub fn parts(&self) -> impl Iterator<Item = (usize, &Part)> {
        let parts = self.parts.iter().map(|part| &**part).enumerate().rev();
        parts.filter(|(_, part)| part.may_meet(self.times))
    }

    /// Reads a query; every field in it occurs somewhere.
    pub fn expression(&self, query: &str) -> Result<Expression, Error> {
        let expression = crate::query::parse(query)?;
        let holds = |part: &Part, name: &str| match part.view() {
            Ok(Some(view)) => convert::holds_name(&view.searcher, view.fields, name),
            Ok(None) => false,
            // What cannot be opened is an error when it is searched, not an unknown name.
            Err(_) => true,
        };
        let is_known = |name: &str| self.parts.iter().rev().any(|part| holds(part, name));
        let names = || self.names(SUGGESTED_NAMES).unwrap_or_default();
        match crate::query::unknown_field(&expression, query, is_known, names) {
            Some(error) => Err(error.into()),
            None => Ok(expression),
        }
    }

    /// Hands over the events that match a query, of any time, segment by segment.
    pub fn visit_hits(&self, query: &str, visit: &mut dyn FnMut(Found<'_>)) -> Result<(), Error> {
        let expression = self.expression(query)?;
        for (number, part) in self.parts() {
            if let Some(view) = part.view()? {
                self.visit_view(number, &view, &expression, visit)?;
            }
        }
        Ok(())
    }

    pub fn visit_view(
        &self,
        part: usize,
        view: &View,
        expression: &Expression,
        visit: &mut dyn FnMut(Found<'_>),
    ) -> Result<(), Error> {
        let query = convert::query(expression, &view.searcher, view.fields, &self.deadline)?;
        let query = view.events_and(&kinds_asked_for(expression), query);
        view.visit(&*query, &self.deadline, &mut |segment, docs, columns| {
            visit(Found { part, segment, docs, columns });
        })
    }

    /// The records at these addresses, in their order.
    pub fn records(&self, hits: &[Spot]) -> Result<Vec<Record>, Error> {
        let mut records: Vec<Option<Record>> = hits.iter().map(|_| None).collect();
        for (number, part) in self.parts.iter().enumerate() {
            let here = |(_, hit): &(usize, &Spot)| hit.part == number;
            let (places, documents): (Vec<usize>, Vec<DocAddress>) =
                hits.iter().enumerate().filter(here).map(|(at, hit)| (at, hit.document)).unzip();
            if documents.is_empty() {
                continue;
            }
            let Some(view) = part.view()? else { continue };
            for (at, record) in places.into_iter().zip(view.records(&documents)?) {
                if let Some(place) = records.get_mut(at) {
                    *place = Some(record);
                }
            }
        }
        // Of a partition that retention removed meanwhile nothing is left.
        Ok(records.into_iter().flatten().collect())
    }

    pub fn incidents(&self, beginning: &str) -> Result<Vec<Alert>, Error> {
        let mut top = Top::new(TRACE_LIMIT, Order::NewestFirst);
        for (number, part) in self.parts() {
            let Some(view) = part.view()? else { continue };
            view.visit(&*view.visible_alerts(), &self.deadline, &mut |segment, docs: &[DocId], columns| {
                top.offer(Found { part: number, segment, docs, columns }, Times::ALL);
            })?;
        }
        let (_, mut alerts) = self.gathered(&top.into_sorted())?.in_order();
        alerts.retain(|alert| alert.alert_id.to_string().starts_with(beginning));
        Ok(alerts)
    }

    pub fn counts(&self) -> Result<Counts, Error> {
        let mut all = Counts::default();
        for part in self.parts.iter() {
            let counts = match &part.summary {
                Some(summary) => summary.counts,
                None => part.view()?.map(|view| view.counts()).transpose()?.unwrap_or_default(),
            };
            all.add(counts);
        }
        Ok(all)
    }

    pub fn names(&self, limit: usize) -> Result<Vec<String>, Error> {
        let mut names = BTreeSet::new();
        for part in self.parts.iter() {
            let Some(view) = part.view()? else { continue };
            for segment in view.searcher.segment_readers() {
                let index =
                    segment.inverted_index(view.fields.fields).map_err(|error| Error::search(&error))?;
                names.extend(convert::names(&index, limit).map_err(|error| Error::search(&error.into()))?);
            }
        }
        Ok(names.into_iter().take(limit).collect())
    }

    /// The ids that begin like this, as the logs spell them; at most [`MANY_IDS`].
    pub fn ids_beginning(&self, beginning: &str) -> Result<Vec<String>, Error> {
        let mut gathered = Gathered::default();
        for part in self.parts.iter().rev() {
            let Some(view) = part.view()? else { continue };
            let found = convert::first_documents(&view.searcher, view.fields, beginning, MANY_IDS);
            view.gather(&found.map_err(|error| Error::search(&error))?, &mut gathered)?;
        }
        let (records, alerts) = gathered.in_order();
        let of_records = records.into_iter().flat_map(|record| record.correlation_ids);
        let of_alerts = alerts.into_iter().flat_map(|alert| alert.correlation_ids);
        let beginning = fold(beginning).into_owned();
        let begins = |id: &String| fold(id).starts_with(&beginning);
        let ids: BTreeSet<String> = of_records.chain(of_alerts).filter(begins).collect();
        Ok(ids.into_iter().take(MANY_IDS).collect())
    }

    pub fn trace(&self, id: &str) -> Result<Trace, Error> {
        let mut top = Top::new(TRACE_LIMIT, Order::NewestFirst);
        let mut span = Span::default();
        let key = pair_term(CORRELATION_ID, id);
        for (number, part) in self.parts.iter().enumerate().rev().filter(|(_, part)| part.may_hold_id(&key)) {
            let Some(view) = part.view()? else { continue };
            let term = Term::from_field_text(view.fields.fields, &key);
            let query = view.visible(Box::new(TermQuery::new(term, IndexRecordOption::Basic)));
            view.visit(&*query, &self.deadline, &mut |segment, docs: &[DocId], columns| {
                let found = Found { part: number, segment, docs, columns };
                found.times().for_each(|time| span.add(time));
                top.offer(found, Times::ALL);
            })?;
        }
        let (total, hits) = (top.total, top.into_sorted());
        let (records, alerts) = self.gathered(&hits)?.in_order();
        let omitted = total - to_u64(hits.len());
        let mut trace = Trace { id: id.to_owned(), records, alerts, omitted, doubt: None };
        // A term has no letter case and only the head of a long id.
        trace.records.retain(|record| record.correlation_ids.iter().any(|it| it == id));
        trace.alerts.retain(|alert| alert.correlation_ids.iter().any(|it| it == id));
        trace.doubt = doubt(&trace, span);
        Ok(trace)
    }

    fn gathered(&self, hits: &[Spot]) -> Result<Gathered, Error> {
        let mut gathered = Gathered::default();
        for (number, part) in self.parts.iter().enumerate() {
            let here = hits.iter().filter(|hit| hit.part == number).map(|hit| hit.document);
            let here: Vec<DocAddress> = here.collect();
            if here.is_empty() {
                continue;
            }
            if let Some(view) = part.view()? {
                view.gather(&here, &mut gathered)?;
            }
        }
        Ok(gathered)
    }
}

/// Why an id ties together what may not belong together.
fn doubt(trace: &Trace, span: Span) -> Option<String> {
    let events = to_u64(trace.records.len()) + trace.omitted;
    if is_placeholder(&trace.id) {
        return Some("the id is a placeholder, not the name of one request".to_owned());
    }
    if trace.omitted > 0 {
        return Some(format!("{events} events carry this id: it does not name one request"));
    }
    let distinct =
        |name: &str| trace.records.iter().filter_map(|it| it.get(name)).collect::<HashSet<_>>().len();
    let addresses = distinct("source.ip");
    if addresses > MANY_ADDRESSES {
        return Some(format!("{addresses} different addresses use this id"));
    }
    let users = distinct("user.name");
    if users > MANY_USERS {
        return Some(format!("{users} different users use this id"));
    }
    let hours = span.hours();
    (events > 1 && hours >= LONG_HOURS).then(|| format!("the events are {hours} hours apart"))
}

const MANY_ADDRESSES: usize = 8;
const MANY_USERS: usize = 4;
const LONG_HOURS: i64 = 24;

fn is_placeholder(id: &str) -> bool {
    let mut characters = id.chars().filter(|c| c.is_alphanumeric());
    let first = characters.next();
    let one_character = characters.all(|c| Some(c) == first);
    one_character
        || ["null", "none", "nil", "undefined", "unknown", "test", "n/a"]
            .iter()
            .any(|word| id.eq_ignore_ascii_case(word))
}
