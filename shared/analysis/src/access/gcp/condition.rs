//! What a condition leaves of a request: CEL, evaluated by the `cel` crate as far as attributes are known.
//! <https://cloud.google.com/iam/docs/conditions-attribute-reference>
//!
//! `&&`, `||`, `!` and `?:` are taken apart; what is known inside of each part is put in, and the part is evaluated. A part
//! on the name of some object of a bucket becomes a class of objects, one on tags that no export shows an unknown fact, one on
//! anything else a readable residue. Under a closed context nothing is left open: a part that cannot be evaluated is an error,
//! which absorbs as in CEL, and a condition that ends in one is not met.

use super::{Asked, tags};
use crate::model::gcp::{Asset, AssetKind, Condition, FullName, written};
use crate::model::{Formula, Pattern};
use cel::common::ast::{CallExpr, Expr, ListExpr, LiteralValue, operators};
use cel::common::types::{CelBool, CelString};
use cel::{Env, IdedExpr, Value};
use std::sync::{Arc, LazyLock};

/// The functions of the language; IAM's own are put in before.
static LANGUAGE: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

const TAG_FUNCTIONS: [&str; 4] = ["matchTag", "matchTagId", "hasTagKey", "hasTagKeyId"];

/// What is asked for: a permission on a resource, or on its objects.
pub(super) struct Request<'a, 'm> {
    pub(super) asked: &'a Asked<'a, 'm>,
    pub(super) permission: &'a str,
    pub(super) resource: &'a FullName,
}

/// What a condition cannot be decided for.
#[derive(Default)]
struct Open {
    /// The name of some object.
    name: bool,
    tags: bool,
    other: bool,
}

/// When a part of a condition is true, and when it is false.
struct Truth {
    yes: Formula,
    no: Formula,
}

impl Truth {
    fn all(parts: Vec<Self>) -> Self {
        let (yes, no): (Vec<Formula>, Vec<Formula>) =
            parts.into_iter().map(|part| (part.yes, part.no)).unzip();
        Self { yes: Formula::all(yes), no: Formula::any(no) }
    }

    fn negated(self) -> Self {
        Self { yes: self.no, no: self.yes }
    }
}

/// Whether a condition holds; true where there is none.
pub(super) fn holds(condition: Option<&Condition>, request: &Request<'_, '_>) -> Formula {
    let Some(condition) = condition else { return Formula::always() };
    let (expression, memory) = (&condition.expression, request.asked.memory);
    memory.condition(expression, request.resource, request.permission, || {
        match expression.expression() {
            Some(expression) => request.expression(expression),
            None if request.asked.context.is_closed() => Formula::never(),
            None => Formula::condition(expression.text()),
        }
    })
}

/// Whether a denial condition holds. It recognises tags alone, and one that cannot be evaluated denies.
/// <https://cloud.google.com/iam/docs/deny-overview#deny-conditions>
pub(super) fn denial_holds(condition: Option<&Condition>, request: &Request<'_, '_>) -> Formula {
    let Some(condition) = condition else { return Formula::always() };
    match condition.expression.expression() {
        Some(expression) if speaks_of_tags_alone(expression) => request.expression(expression),
        Some(_) | None => Formula::always(),
    }
}

fn speaks_of_tags_alone(expression: &IdedExpr) -> bool {
    match &expression.expr {
        Expr::Literal(_) => true,
        Expr::Call(call) => match &call.target {
            Some(_) => TAG_FUNCTIONS.contains(&call.func_name.as_str()),
            None => call.args.iter().all(speaks_of_tags_alone),
        },
        Expr::Ident(_)
        | Expr::Select(_)
        | Expr::List(_)
        | Expr::Map(_)
        | Expr::Struct(_)
        | Expr::Comprehension(_)
        | Expr::Unspecified => false,
    }
}

impl Request<'_, '_> {
    fn expression(&self, expression: &IdedExpr) -> Formula {
        if self.asked.context.is_closed() {
            let reduced = self.reduced(expression, &mut Open::default());
            return Formula::known(evaluated(&reduced) == Some(true));
        }
        self.part(expression)
    }

    fn part(&self, expression: &IdedExpr) -> Formula {
        self.truth(expression).yes
    }

    /// When a part is true, and when it is false. An error is neither: `false && <error>` is false, as in CEL.
    fn truth(&self, expression: &IdedExpr) -> Truth {
        if let Expr::Call(CallExpr { func_name, target: None, args }) = &expression.expr {
            match (func_name.as_str(), args.as_slice()) {
                (operators::LOGICAL_AND, args) => {
                    let parts: Vec<Truth> = args.iter().map(|a| self.truth(a)).collect();
                    return Truth::all(parts);
                }
                (operators::LOGICAL_OR, args) => {
                    let parts = args.iter().map(|a| self.truth(a).negated());
                    return Truth::all(parts.collect()).negated();
                }
                (operators::LOGICAL_NOT, [one]) => return self.truth(one).negated(),
                (operators::CONDITIONAL, [test, yes, no]) => {
                    let (test, yes, no) = (self.truth(test), self.truth(yes), self.truth(no));
                    let either =
                        |a: Formula, b: Formula| test.yes.clone().and(a).or(test.no.clone().and(b));
                    return Truth { yes: either(yes.yes, no.yes), no: either(yes.no, no.no) };
                }
                (_, _) => {}
            }
        }
        if self.is_nameless() && speaks_of_name(expression) {
            return Truth { yes: Formula::never(), no: Formula::never() };
        }
        let holds = self.leaf(expression);
        Truth { no: holds.clone().negated(), yes: holds }
    }

    /// A part that is not taken apart any further.
    fn leaf(&self, expression: &IdedExpr) -> Formula {
        let mut open = Open::default();
        let reduced = self.reduced(expression, &mut open);
        let residue = || Formula::condition(written(expression));
        if open.tags {
            return Formula::unknown(format!(
                "the tags of {}: {}",
                self.resource,
                written(expression)
            ));
        }
        if open.other {
            return residue();
        }
        if open.name {
            return self.class(&reduced).unwrap_or_else(|| {
                Formula::class(format!("only objects with {}", written(expression)))
            });
        }
        evaluated(&reduced).map_or_else(residue, Formula::known)
    }

    /// The expression with all that is known put in.
    fn reduced(&self, expression: &IdedExpr, open: &mut Open) -> IdedExpr {
        let expr = match &expression.expr {
            Expr::Literal(_) => expression.expr.clone(),
            Expr::Select(select) if is_ident(&select.operand, "resource") && !select.test => {
                match select.field.as_str() {
                    "name" if self.is_nameless() => unknown(expression, open),
                    "name" => match self.name() {
                        Some(name) => text(&name),
                        None => {
                            open.name = true;
                            expression.expr.clone()
                        }
                    },
                    "type" => text(self.type_name()),
                    "service" => text(self.resource.service()),
                    _ => unknown(expression, open),
                }
            }
            Expr::Select(select)
                if is_ident(&select.operand, "request") && select.field == "time" =>
            {
                match self.asked.context.get("request.time").and_then(|v| v.first()) {
                    Some(time) => call("timestamp", vec![ided(text(time))]),
                    None => unknown(expression, open),
                }
            }
            Expr::Call(found) => self.reduced_call(expression, found, open),
            Expr::List(list) => {
                let elements = list.elements.iter().map(|e| self.reduced(e, open)).collect();
                Expr::List(ListExpr::new(elements))
            }
            Expr::Ident(_)
            | Expr::Select(_)
            | Expr::Map(_)
            | Expr::Struct(_)
            | Expr::Comprehension(_)
            | Expr::Unspecified => unknown(expression, open),
        };
        ided(expr)
    }

    fn reduced_call(&self, expression: &IdedExpr, found: &CallExpr, open: &mut Open) -> Expr {
        let name = found.func_name.as_str();
        let Some(target) = &found.target else {
            let args: Vec<IdedExpr> = found.args.iter().map(|a| self.reduced(a, open)).collect();
            // `date('2026-11-24')` is the beginning of that day.
            if let ("date", [day]) = (name, args.as_slice())
                && let Some(day) = literal(day)
            {
                return call("timestamp", vec![ided(text(&format!("{day}T00:00:00Z")))]);
            }
            return call(name, args);
        };
        if is_ident(target, "resource") && TAG_FUNCTIONS.contains(&name) {
            let args: Option<Vec<&str>> = found.args.iter().map(literal).collect();
            return match (self.tag_function(name, args.as_deref().unwrap_or_default()), args) {
                (Some(value), Some(_)) => boolean(value),
                (_, _) => {
                    open.tags = true;
                    expression.expr.clone()
                }
            };
        }
        if is_ident(target, "api") && name == "getAttribute" {
            return self.api_attribute(expression, &found.args, open);
        }
        let mut inner = Open::default();
        let target = self.reduced(target, &mut inner);
        let args: Vec<IdedExpr> = found.args.iter().map(|a| self.reduced(a, &mut inner)).collect();
        match (name, args.as_slice()) {
            ("extract", [template]) => {
                if let Some(template) = literal(template) {
                    let known = match literal(&target) {
                        Some(value) => Some(extract(value, template).to_owned()),
                        None if inner.name => self.extract_fixed(template),
                        None => None,
                    };
                    if let Some(known) = known {
                        return text(&known);
                    }
                }
            }
            ("hasOnly", [allowed]) => {
                if let (Some(values), Some(allowed)) = (literals(&target), literals(allowed)) {
                    return boolean(values.iter().all(|v| allowed.contains(v)));
                }
            }
            (_, _) => {}
        }
        open.name |= inner.name;
        open.tags |= inner.tags;
        open.other |= inner.other;
        Expr::Call(CallExpr { func_name: name.to_owned(), target: Some(Box::new(target)), args })
    }

    /// Attributes of an API: they are set for one kind of request, and have their default for all others.
    fn api_attribute(&self, expression: &IdedExpr, args: &[IdedExpr], open: &mut Open) -> Expr {
        let [name, default] = args else { return unknown(expression, open) };
        let Some(name) = literal(name) else { return unknown(expression, open) };
        if let Some(values) = self.asked.context.get(&name.to_lowercase()) {
            return match values {
                [one] if !name.ends_with("modifiedGrantsByRole") => text(one),
                many => Expr::List(ListExpr::new(many.iter().map(|v| ided(text(v))).collect())),
            };
        }
        let sets_policy = self.permission.ends_with(".setIamPolicy");
        if sets_policy && name.ends_with("modifiedGrantsByRole") && !self.asked.context.is_closed()
        {
            return unknown(expression, open);
        }
        self.reduced(default, open).expr
    }

    fn tag_function(&self, name: &str, args: &[&str]) -> Option<bool> {
        let known = tags::effective(self.asked.gcp, self.resource);
        let tags = match known {
            Some(tags) => tags,
            None if self.asked.context.is_closed() => Vec::new(),
            None => return None,
        };
        Some(match (name, args) {
            ("matchTag", [key, value]) => {
                tags.iter().any(|t| *t.key == **key && *t.value == **value)
            }
            ("matchTagId", [key, value]) => {
                tags.iter().any(|t| *t.key_id == **key && *t.value_id == **value)
            }
            ("hasTagKey", [key]) => tags.iter().any(|t| *t.key == **key),
            ("hasTagKeyId", [key]) => tags.iter().any(|t| *t.key_id == **key),
            (_, _) => return None,
        })
    }

    fn is_on_objects(&self) -> bool {
        self.permission.starts_with("storage.objects.")
    }

    /// What all names of objects of the bucket begin with.
    fn objects(&self) -> String {
        let bucket = self.resource.up_to("buckets").unwrap_or_else(|| self.resource.clone());
        format!("{}/objects/", bucket.relative())
    }

    /// Resources of IAM provide no name: a part of a condition that asks for it never gives access.
    /// <https://cloud.google.com/iam/docs/conditions-attribute-reference#resource-name>
    fn is_nameless(&self) -> bool {
        self.resource.service() == "iam.googleapis.com"
    }

    /// `resource.name`; `None` for some object of a bucket.
    fn name(&self) -> Option<String> {
        if !self.is_on_objects() {
            return Some(self.resource.relative().to_owned());
        }
        self.asked.object.map(|object| format!("{}{object}", self.objects()))
    }

    fn type_name(&self) -> &str {
        if self.is_on_objects() {
            return "storage.googleapis.com/Object";
        }
        match self.asked.gcp.assets.get(self.resource).map(Asset::kind) {
            Some(AssetKind::ManagedFolder) => "storage.googleapis.com/ManagedFolder",
            Some(_) => self.asked.gcp.assets.get(self.resource).map_or("", |a| &a.asset_type),
            None if self.resource.segment("managedFolders").is_some() => {
                "storage.googleapis.com/ManagedFolder"
            }
            None => "",
        }
    }

    /// A part of the name that is the same for all objects.
    fn extract_fixed(&self, template: &str) -> Option<String> {
        let (before, rest) = template.split_once('{')?;
        let (_, after) = rest.split_once('}')?;
        let fixed = self.objects();
        let start = fixed.find(before)? + before.len();
        let end = fixed.get(start..)?.find(after).filter(|_| !after.is_empty())?;
        fixed.get(start..start + end).map(str::to_owned)
    }

    /// The objects for which a comparison with their name holds; `None` for a comparison that is no pattern.
    fn class(&self, expression: &IdedExpr) -> Option<Formula> {
        let Expr::Call(CallExpr { func_name, target, args }) = &expression.expr else {
            return None;
        };
        match (func_name.as_str(), target.as_deref(), args.as_slice()) {
            ("startsWith", Some(target), [value]) if is_name(target) => {
                self.begins(literal(value)?)
            }
            ("endsWith", Some(target), [value]) if is_name(target) => {
                let value = plain(literal(value)?)?;
                // Longer endings reach into the part before the objects' own names.
                (!value.contains("objects/")).then(|| matching(format!("*{value}")))
            }
            (operators::EQUALS, None, [a, b]) => self.equal(a, b),
            (operators::NOT_EQUALS, None, [a, b]) => self.equal(a, b).map(Formula::negated),
            (operators::IN, None, [name, list]) if is_name(name) => {
                let each = literals(list)?.into_iter().map(|value| self.is_object(value));
                Some(Formula::any(each.collect::<Option<Vec<_>>>()?))
            }
            (_, _, _) => None,
        }
    }

    fn begins(&self, prefix: &str) -> Option<Formula> {
        let fixed = self.objects();
        if fixed.starts_with(prefix) {
            return Some(Formula::always());
        }
        match prefix.strip_prefix(&fixed) {
            Some(rest) => Some(matching(format!("{}*", plain(rest)?))),
            None => Some(Formula::never()),
        }
    }

    fn equal(&self, a: &IdedExpr, b: &IdedExpr) -> Option<Formula> {
        let (side, value) = match (literal(a), literal(b)) {
            (Some(value), None) => (b, value),
            (None, Some(value)) => (a, value),
            (_, _) => return None,
        };
        if is_name(side) {
            return self.is_object(value);
        }
        // `resource.name.extract('/objects/{team}/') == 'finance'`
        let Expr::Call(CallExpr { func_name, target: Some(target), args }) = &side.expr else {
            return None;
        };
        let ([template], "extract", true) = (args.as_slice(), func_name.as_str(), is_name(target))
        else {
            return None;
        };
        let (before, rest) = literal(template)?.split_once('{')?;
        let (_, after) = rest.split_once('}')?;
        if value.is_empty()
            || !self.objects().ends_with(before)
            || value.contains(after) && !after.is_empty()
        {
            return None;
        }
        let (value, after) = (plain(value)?, plain(after)?);
        Some(if after.is_empty() {
            matching(value.to_owned())
        } else {
            matching(format!("{value}{after}*"))
        })
    }

    fn is_object(&self, value: &str) -> Option<Formula> {
        match value.strip_prefix(&self.objects()) {
            Some("") | None => Some(Formula::never()),
            Some(object) => Some(matching(plain(object)?.to_owned())),
        }
    }
}

/// The part of a value that stands for `{…}` in a template; empty where the template does not fit.
fn extract<'v>(value: &'v str, template: &str) -> &'v str {
    let Some((before, rest)) = template.split_once('{') else { return "" };
    let Some((_, after)) = rest.split_once('}') else { return "" };
    let Some(start) = value.find(before).map(|i| i + before.len()) else { return "" };
    let found = value.get(start..).unwrap_or_default();
    if after.is_empty() {
        return found;
    }
    found.find(after).and_then(|end| found.get(..end)).unwrap_or_default()
}

fn evaluated(expression: &IdedExpr) -> Option<bool> {
    match cel::Context::with_env(LANGUAGE.clone()).resolve(expression) {
        Ok(Value::Bool(value)) => Some(value),
        Ok(_) | Err(_) => None,
    }
}

/// A text without characters that a pattern would take for wildcards.
fn plain(text: &str) -> Option<&str> {
    (!text.contains(['*', '?'])).then_some(text)
}

fn matching(pattern: String) -> Formula {
    Formula::objects(Pattern::new(pattern))
}

fn unknown(expression: &IdedExpr, open: &mut Open) -> Expr {
    open.other = true;
    expression.expr.clone()
}

const fn ided(expr: Expr) -> IdedExpr {
    IdedExpr { id: 0, expr }
}

fn text(value: &str) -> Expr {
    Expr::Literal(LiteralValue::String(CelString::from(value.to_owned())))
}

fn boolean(value: bool) -> Expr {
    Expr::Literal(LiteralValue::Boolean(CelBool::from(value)))
}

fn call(name: &str, args: Vec<IdedExpr>) -> Expr {
    Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args })
}

fn is_ident(expression: &IdedExpr, name: &str) -> bool {
    matches!(&expression.expr, Expr::Ident(found) if found == name)
}

/// Whether some part of an expression is `resource.name`.
fn speaks_of_name(expression: &IdedExpr) -> bool {
    is_name(expression)
        || match &expression.expr {
            Expr::Call(call) => {
                call.target.as_deref().is_some_and(speaks_of_name)
                    || call.args.iter().any(speaks_of_name)
            }
            Expr::Select(select) => speaks_of_name(&select.operand),
            Expr::List(list) => list.elements.iter().any(speaks_of_name),
            Expr::Literal(_)
            | Expr::Ident(_)
            | Expr::Map(_)
            | Expr::Struct(_)
            | Expr::Comprehension(_)
            | Expr::Unspecified => false,
        }
}

fn is_name(expression: &IdedExpr) -> bool {
    matches!(&expression.expr, Expr::Select(s) if is_ident(&s.operand, "resource") && s.field == "name")
}

fn literal(expression: &IdedExpr) -> Option<&str> {
    match &expression.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        Expr::Literal(_)
        | Expr::Ident(_)
        | Expr::Select(_)
        | Expr::Call(_)
        | Expr::List(_)
        | Expr::Map(_)
        | Expr::Struct(_)
        | Expr::Comprehension(_)
        | Expr::Unspecified => None,
    }
}

fn literals(expression: &IdedExpr) -> Option<Vec<&str>> {
    match &expression.expr {
        Expr::List(list) => list.elements.iter().map(literal).collect(),
        Expr::Literal(_)
        | Expr::Ident(_)
        | Expr::Select(_)
        | Expr::Call(_)
        | Expr::Map(_)
        | Expr::Struct(_)
        | Expr::Comprehension(_)
        | Expr::Unspecified => None,
    }
}
