//! What can be asked for instead of something that fails. How one asks for it is another matter for each front, a command
//! line, a server or a language, so errors say what, and each front says how.

/// Something that can be asked for instead, or besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Advice {
    /// To replace what is there.
    Replace,
    /// To write to another folder.
    OtherFolder,
    /// To give a version another name.
    OtherName,
    /// To write to another file.
    OtherFile,
    /// To go on with a run that was left unfinished.
    GoOn,
    /// To play an unfinished run from its beginning, in place of what was left of it.
    Anew,
    /// To play a finished run again.
    PlayAgain,
    /// To play a run from its beginning, where nothing was left that could be gone on with.
    FromBeginning,
    /// To keep no snapshots.
    NoSnapshots,
    /// To look at some streams only.
    SomeStreams,
    /// To make a baseline.
    MakeBaseline,
    /// To say where the baseline of the run lies.
    Baseline,
    /// To say where the model of the run lies.
    Model,
    /// To say which model it is for.
    OfModel,
    /// To say where the scenarios of the run lie.
    Scenarios,
    /// To give the run's files of external events.
    Events,
    /// To start a scenario.
    StartScenario,
    /// To start scenarios or let external events happen.
    Intervene,
    /// To leave out the external events that come by themselves.
    NoTimeline,
}

impl Advice {
    /// It in words that fit every front.
    pub fn words(self) -> &'static str {
        match self {
            Advice::Replace => "replace it",
            Advice::OtherFolder => "choose another folder",
            Advice::OtherName => "choose another name",
            Advice::OtherFile => "name another file",
            Advice::GoOn => "go on with it",
            Advice::Anew => "start the run anew",
            Advice::PlayAgain => "play the run again",
            Advice::FromBeginning => "start it from its beginning",
            Advice::NoSnapshots => "keep no snapshots",
            Advice::SomeStreams => "leave it out",
            Advice::MakeBaseline => "make one",
            Advice::Baseline => "give the run's baseline",
            Advice::Model => "give the folder of the run's model as it was",
            Advice::OfModel => "name the model that it is for",
            Advice::Scenarios => "give the folder of the run's scenarios as it was",
            Advice::Events => "give the run's files of external events as they were",
            Advice::StartScenario => "give its name and time to start a scenario",
            Advice::Intervene => "start a scenario or let an external event happen",
            Advice::NoTimeline => "leave out the external events that come by themselves",
        }
    }

    /// Several of them, behind what else is said, in the words of a front.
    pub fn listed(
        before: Option<&str>,
        advice: &[Advice],
        words: impl Fn(Advice) -> &'static str,
    ) -> Option<String> {
        let all = advice.iter().map(|&advice| words(advice));
        let all: Vec<&str> = before.into_iter().chain(all).collect();
        (!all.is_empty()).then(|| all.join(", or "))
    }
}
