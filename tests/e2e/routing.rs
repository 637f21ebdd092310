//! What decides who is asked beside failures: checks, budgets, what vendors say is left, who was served where; and how
//! all of it is told.

mod budgets;
mod checks;
mod pace;
mod quotas;
mod scene;
mod ties;
mod told;
mod wishes;
