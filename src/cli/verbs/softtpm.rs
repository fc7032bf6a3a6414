//! `softtpm`: the power switch of an EVALUATION appliance.

use crate::cli::context::Context;
use crate::cli::failure::{Failure, Stop};
use crate::cli::host::{SofttpmArgs, Switch};
use crate::cli::render::note;
use crate::services::home::{HomeError, Wiring, soft_tpm_dir};
use crate::tpm::{SoftTpm, TpmError};

/// Works the switch of the appliance's own software TPM, and of no other.
pub fn run(args: &SofttpmArgs, context: &Context) -> Result<(), Stop> {
    let wiring = Wiring::read(&context.home).map_err(|error| home_failure(&error))?;
    if !wiring.tpm.is_own() {
        let what = format!("this appliance's TPM is {}, not a software TPM of its own", wiring.tpm.tcti);
        return Err(
            Failure::refused("not-own-tpm", what, "this switch is for EVALUATION appliances only").into()
        );
    }
    let said = switch(args.switch, context).map_err(|error| tpm_failure(&error))?;
    note(&format!("portcullis: EVALUATION: the software TPM {said}"));
    Ok(())
}

fn switch(switch: Switch, context: &Context) -> Result<&'static str, TpmError> {
    let dir = soft_tpm_dir(&context.home);
    let running = SoftTpm::attach(&dir)?;
    Ok(match (switch, running) {
        (Switch::Start, Some(_)) => "runs already",
        (Switch::Start, None) => SoftTpm::start(&dir).map(|_| "runs")?,
        (Switch::Stop, None) => "is off already",
        (Switch::Stop, Some(tpm)) => tpm.stop().map(|()| "is off")?,
        (Switch::Reset, Some(mut tpm)) => tpm.power_cycle().map(|()| "has booted again")?,
        (Switch::Reset, None) => SoftTpm::start(&dir).map(|_| "was off, and runs")?,
        (Switch::Extend { pcr }, running) => {
            let tpm = running.map_or_else(|| SoftTpm::start(&dir), Ok)?;
            tpm.extend(pcr)?;
            "has measured something unexpected"
        }
    })
}

/// Says why the home is not usable.
pub fn home_failure(error: &HomeError) -> Stop {
    Failure::unexpected("home", error.to_string(), error.advice()).into()
}

fn tpm_failure(error: &TpmError) -> Stop {
    Failure::tpm("tpm", error.to_string(), error.advice()).into()
}
