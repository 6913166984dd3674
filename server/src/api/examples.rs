//! Examples for the description of the endpoints: what is said, and what is answered.

use serde_json::{Value, json};

const AT: &str = "2026-02-04T10:00:00.000000Z";

/// What may be said to the endpoint of a name.
pub fn of_body(id: &str) -> Option<Value> {
    Some(match id {
        "startScenario" => json!({ "scenarioId": "payment-outage", "duration": "4h" }),
        "setClock" => json!({ "speed": 60, "paused": false }),
        "command" => {
            json!({ "command": "scenario", "scenario": "payment-outage", "duration": "4h" })
        }
        "preview" => json!({ "command": "inject", "template": "blog-viral", "at": "day3T10:00" }),
        "modify" | "previewModifier" => json!({
            "on": "customer.tutor.search/rate", "multiply": 2, "duration": "2h", "onset": "10m", "settling": { "linear": "1h" },
        }),
        _ => return None,
    })
}

/// What it may answer.
pub fn of_answer(id: &str) -> Option<Value> {
    Some(match id {
        "startScenario" => json!({
            "success": true, "scenario": scenario(), "events": [external_event()], "estimatedDuration": "6h", "warnings": [],
        }),
        "stopScenario" => {
            json!({ "success": true, "settlingUntil": "2026-02-04T14:00:00.000000Z" })
        }
        "reset" => json!({
            "success": true, "message": "Back at the baseline; 1 that acted are gone.", "epoch": "8c1f0a55d2b7",
        }),
        "simulationState" => json!({
            "baselineState": "normal", "activeModifiers": [scenario()], "activeEvents": [external_event()],
            "recentAnomalies": [{
                "stream": "payment.failure", "timestamp": AT, "value": 31, "normalizedValue": 98.2, "anomalyFlag": "warning",
            }],
            "historicalMode": "modified", "currentSimulationTime": "2026-02-04T11:00:00.000000Z", "lastModified": AT,
            "status": "running",
        }),
        "simulationHistory" => json!({
            "timeRange": { "start": "2026-02-04T00:00:00.000000Z", "end": "2026-02-04T12:00:00.000000Z" },
            "streams": { "customer.tutor.search": [{
                "timestamp": "2026-02-04T00:00:00.000000Z", "value": 120, "normalized": 52.0, "anomalyFlag": "normal", "untouched": 118,
            }] },
            "events": [external_event()],
        }),
        "simulationScenarios" => json!({ "scenarios": [{
            "id": "payment-outage", "name": "Payment gateway outage", "description": "Payments fail.", "duration": "4h",
        }] }),
        "statistics" => json!({ "payment.failure": {
            "mean_per_day": 48.0, "trend_per_month": 1.4, "trend_std_error": 0.9, "trend_share_per_month": 0.03, "daily_strength": 0.4,
            "weekly_strength": 0.1, "shape_of_day": null, "shape_of_week": null, "12h": intervals("weekday-am"), "1h": intervals("weekday-10"),
        } }),
        _ => return None,
    })
}

fn intervals(class: &str) -> Value {
    let figures = json!({
        "intervals": 10, "mean": 3.2, "median": 3.0, "std_dev": 1.8, "min": 1.0, "max": 7.0, "p25": 2.0, "p50": 3.0, "p75": 4.0, "p90": 6.0,
        "p95": 7.0,
    });
    let mut scored = figures.clone();
    scored["sigma"] = json!(1.9);
    json!({ "weekday_mean": 3.3, "weekend_mean": 2.9, "daily_strength": 0.4, "all": figures, "classes": { class: scored } })
}

fn scenario() -> Value {
    let change = json!({
        "parameter": "payment.failure/probability", "operation": "override", "amount": 0.95, "strength": 1.0, "state": "active",
    });
    json!({
        "id": "payment-outage@2026-02-04T10:00:00Z", "type": "payment-outage", "description": "Payments fail.", "startTime": AT,
        "endTime": "2026-02-04T14:00:00.000000Z", "settledTime": "2026-02-04T16:00:00.000000Z", "duration": "4h",
        "timeRemainingSeconds": 14400.0, "affectedStreams": { "payment.failure": [change] }, "cascadeEffects": [],
        "relatedEvents": ["7731200911"], "status": "active", "settlementDuration": "2h",
    })
}

fn external_event() -> Value {
    json!({
        "id": "7731200911", "timestamp": AT, "type": "infrastructure", "title": "Payment provider is down",
        "description": "The provider reports errors.", "severity": "critical",
        "expectedImpact": {
            "streams": ["payment.failure"], "direction": "increase", "magnitude": "high", "duration": "4h",
        },
        "icon": "credit-card", "injectedByAI": false,
    })
}
