//! What has no finite value now and then, as far as ranges show it: the engine makes 0 of it.

use causeflow_engine::streams::program::{Binary, Expr, Unary};

use super::Compiler;
use super::bounds::bounds;
use super::lower::{About, Scope};
use super::means::is_whole;
use super::streams::Progress;
use super::types::own_of_slot;

impl Compiler {
    /// Warns of an expression that divides by what can be 0, and the like. What stands behind a condition is taken to be meant.
    pub(super) fn warn_of_undefined(&mut self, expr: &Expr, scope: &Scope) {
        let what = match expr {
            Expr::If(parts) => return self.warn_of_undefined(&parts.0, scope),
            Expr::Case(selector, ..) => return self.warn_of_undefined(selector, scope),
            Expr::Binary(Binary::And | Binary::Or, first, _) => {
                return self.warn_of_undefined(first, scope);
            }
            Expr::Binary(Binary::Divide | Binary::Rest, _, by) => self
                .can_be_0(by, scope)
                .then_some("divides by what can be 0"),
            Expr::Unary(Unary::Sqrt, e) => {
                let (low, _) = bounds(self.known(e, scope));
                (low.is_finite() && low < 0.0).then_some("takes the root of what can be below 0")
            }
            Expr::Unary(Unary::Log, e) => {
                let (low, _) = bounds(self.known(e, scope));
                let below = low.is_finite() && low < 0.0;
                (below || self.can_be_0(e, scope))
                    .then_some("takes the logarithm of what can be 0 or below")
            }
            _ => None,
        };
        if let Some(what) = what {
            let message = format!("this {what}; it is then 0");
            let help = "write `if(..., ..., ...)` to say what it is then";
            self.report.warning(&scope.at, message, Some(help.into()));
        }
        expr.for_each_part(&mut |part| self.warn_of_undefined(part, scope));
    }

    /// Whether 0 is one of the whole numbers that an expression can be: of any others it is hardly ever met.
    fn can_be_0(&self, expr: &Expr, scope: &Scope) -> bool {
        let known = self.known(expr, scope);
        let (low, high) = bounds(known);
        is_whole(known) && low.is_finite() && low <= 0.0 && high >= 0.0
    }

    /// The value of a name that is a field or `let` of the stream, or else the expression itself.
    fn known<'a>(&'a self, expr: &'a Expr, scope: &Scope) -> &'a Expr {
        let (Expr::Slot(slot), About::Stream { stream, .. }) = (expr, &scope.about) else {
            return expr;
        };
        let own = own_of_slot(*slot).and_then(|own| self.units[*stream].own.get(own));
        match own.map(|own| &own.progress) {
            Some(Progress::Done(Some(typed))) => &typed.expr,
            _ => expr,
        }
    }
}
