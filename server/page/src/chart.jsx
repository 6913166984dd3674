// A stream as a chart: what came, what would have come without any intervention, and what is usual; and the same as a table.

import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";

import { clock, counted, day, moment, number } from "./format.js";
import { Flag, num, Table } from "./parts.jsx";

const HEIGHT = 168;
const dark = matchMedia("(prefers-color-scheme: dark)");

function useScheme() {
  const [is, setIs] = useState(dark.matches);
  useEffect(() => {
    const changed = () => setIs(dark.matches);
    dark.addEventListener("change", changed);
    return () => dark.removeEventListener("change", changed);
  }, []);
  return is;
}

const colours = () => {
  const style = getComputedStyle(document.documentElement);
  const names = ["text", "muted", "rule", "count", "twin", "usual", "band", "far", "warning", "critical", "scenario", "event", "card"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
};

const start = (point) => Date.parse(point.interval_start) / 1000;

// Columns for the chart. The hour that is under way is not a point of the lines: it would look like a fall.
function columns(points, isOpen) {
  const around = (sigmas) => (point) => {
    const { baseline_mean: mean, baseline_sigma: sigma } = point;
    return mean === null || sigma === null ? null : Math.max(0, mean + sigmas * sigma);
  };
  const of = (value) => points.map(value);
  const over = (value) => points.map((point, at) => (isOpen && at === points.length - 1 ? null : value(point)));
  return [
    of(start),
    of(around(3)), of(around(1)), of(around(-1)), of(around(-3)),
    over((point) => point.untouched),
    over((point) => point.count),
  ];
}

// Interventions as bars at the top, external events as marks, unusual hours as dots, the hour under way as a ring.
function marks(u, { points, outside, isOpen }, colour) {
  const { ctx, bbox } = u;
  const dot = devicePixelRatio;
  const x = (seconds) => u.valToPos(seconds, "x", true);
  const within = (at) => at >= bbox.left && at <= bbox.left + bbox.width;
  ctx.save();
  ctx.fillStyle = colour.scenario;
  for (const point of points.filter((one) => one.scenarios)) {
    const from = Math.max(x(start(point)), bbox.left);
    const to = Math.min(x(start(point) + point.hours * 3600), bbox.left + bbox.width);
    if (to > from) ctx.fillRect(from, bbox.top - 6 * dot, to - from, 4 * dot);
  }
  for (const event of outside) {
    const at = x(Date.parse(event.time) / 1000);
    if (!within(at)) continue;
    ctx.strokeStyle = ctx.fillStyle = colour[{ warning: "warning", critical: "critical" }[event.severity] ?? "event"];
    ctx.lineWidth = dot;
    ctx.setLineDash([2 * dot, 3 * dot]);
    ctx.beginPath();
    ctx.moveTo(at, bbox.top);
    ctx.lineTo(at, bbox.top + bbox.height);
    ctx.stroke();
    ctx.setLineDash([]);
    ctx.beginPath();
    ctx.moveTo(at - 4 * dot, bbox.top - 1 * dot);
    ctx.lineTo(at + 4 * dot, bbox.top - 1 * dot);
    ctx.lineTo(at, bbox.top + 6 * dot);
    if (event.is_causal) ctx.fill();
    else ctx.stroke();
  }
  points.forEach((point, at) => {
    const open = isOpen && at === points.length - 1;
    if (!open && (!point.flag || point.flag === "normal")) return;
    ctx.beginPath();
    ctx.arc(x(start(point)), u.valToPos(point.count, "y", true), 3.5 * dot, 0, 2 * Math.PI);
    ctx.lineWidth = 1.5 * dot;
    ctx.strokeStyle = open ? colour.count : colour[point.flag];
    ctx.fillStyle = open ? colour.card : colour[point.flag];
    ctx.fill();
    ctx.stroke();
  });
  ctx.restore();
}

function options(width, colour, content, onPoint) {
  const axis = { stroke: colour.muted, grid: { stroke: colour.rule, width: 1 }, ticks: { stroke: colour.rule, width: 1, size: 4 }, font: "12px system-ui, sans-serif" };
  const line = (label, stroke, rest) => ({ label, stroke, width: 1.5, points: { show: false }, ...rest });
  return {
    width,
    height: HEIGHT,
    padding: [12, 8, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
    scales: { x: { time: true }, y: { range: (_, low, high) => [0, Math.max(high * 1.08, 1)] } },
    axes: [
      { ...axis, size: 30, space: 70, incrs: [1, 3, 6, 12, 24, 48, 96, 168].map((hours) => hours * 3600), values: (_, splits) => splits.map((at) => (at % 86400 ? clock(at * 1000, false) : day(at * 1000).slice(4))) },
      { ...axis, size: 44, space: 32, values: (_, splits) => splits.map((value) => (value >= 1e4 ? `${number(value / 1000)}k` : number(value))) },
    ],
    series: [
      {},
      line("+3σ", "transparent"), line("+1σ", "transparent"), line("−1σ", "transparent"), line("−3σ", "transparent"),
      line("untouched", colour.twin, { dash: [5, 4] }),
      line("events", colour.count, { width: 2 }),
    ],
    bands: [
      { series: [1, 2], fill: colour.far },
      { series: [2, 3], fill: colour.band },
      { series: [3, 4], fill: colour.far },
    ],
    hooks: {
      draw: [(u) => marks(u, content.current, colour)],
      setCursor: [(u) => onPoint(u.cursor.idx ?? null)],
    },
  };
}

const usual = (point) => (point.baseline_mean === null ? "–" : `${number(point.baseline_mean)} ± ${number(point.baseline_sigma)}`);

const Sample = ({ kind }) => <span class={`sample ${kind}`} aria-hidden="true" />;

export const Legend = () => (
  <ul class="legend">
    <li><Sample kind="line" />events</li>
    <li><Sample kind="dashed" />without any intervention</li>
    <li><Sample kind="band" />usual: within 1σ (scores 30 to 70), and 3σ (0 to 100)</li>
    <li><Sample kind="dot warning" />warning</li>
    <li><Sample kind="dot critical" />critical</li>
    <li><Sample kind="bar" />scenario</li>
    <li><Sample kind="mark" />external event</li>
  </ul>
);

// Whether the last interval is under way. What is known of the time may be older than the points: then it has no score yet.
function goesOn(points, now) {
  const last = points.at(-1);
  if (!last) return false;
  const ends = points.length > 1 ? 2 * start(last) - start(points.at(-2)) : start(last) + 3600;
  return ends * 1000 > Date.parse(now) || (last.flag === null && points.at(-2)?.flag !== null);
}

const readout = (point, open) => `${moment(point.interval_start)}: ${counted(point.count, "event")}${open ? " so far" : `, ${number(point.untouched)} without interventions`}, usual ${usual(point)}`;

export function Chart({ stream, points, outside, now, changed, onRemove }) {
  const box = useRef();
  const plot = useRef();
  const content = useRef({ points: [], outside: [] });
  const [at, setAt] = useState(null);
  const [open, setOpen] = useState(false);
  const scheme = useScheme();
  const last = points.at(-1);
  const isOpen = goesOn(points, now);
  const own = useMemo(
    () => outside.filter((event) => event.expected_streams.includes(stream) || event.injected),
    [outside, stream],
  );
  content.current = { points, outside: own, isOpen };

  useEffect(() => {
    const place = box.current;
    const width = () => Math.max(160, place.clientWidth);
    const drawn = new uPlot(options(width(), colours(), content, setAt), columns(points, isOpen), place);
    plot.current = drawn;
    const resized = new ResizeObserver(() => drawn.setSize({ width: width(), height: HEIGHT }));
    resized.observe(place);
    return () => {
      resized.disconnect();
      drawn.destroy();
    };
  }, [scheme]);

  useEffect(() => {
    plot.current.setData(columns(points, isOpen));
  }, [points, own]);

  const whole = isOpen ? points.at(-2) : last;
  const shown = at === null ? null : points[at];
  const words = whole
    ? `${counted(whole.count, "event")} in the last whole hour, ${number(whole.untouched)} without interventions, usual ${usual(whole)}${whole.flag ? `, ${whole.flag}` : ""}`
    : "Nothing yet";
  return (
    <article class="chart" data-stream={stream}>
      <div class="head">
        <h3>{stream}</h3>
        <Flag flag={whole?.flag} />
        {changed && <span class="flag scenario">changed now</span>}
        {onRemove && <button type="button" class="quiet small" aria-label={`Remove the chart of ${stream}`} title="Remove" onClick={onRemove}>×</button>}
      </div>
      <p class="note readout">{shown ? readout(shown, isOpen && at === points.length - 1) : words}</p>
      <div class="canvas" role="img" aria-label={`Chart of ${stream}: ${words}. The table below has its numbers.`} ref={box} />
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>Table of {stream}</summary>
        {open && (
          <Table
            caption={`${stream}, the latest first`}
            head={["From", num("Events"), num("Untouched"), num("Usual"), num("Score"), "Flag", "Because of"]}
            rows={points.toReversed().map((point, place) => ({
              key: point.interval_start,
              cells: [
                moment(point.interval_start) + (isOpen && place === 0 ? " so far" : ""),
                number(point.count), number(point.untouched), usual(point), number(point.score), point.flag ?? "–",
                [point.scenarios, point.external_events].filter(Boolean).join(", "),
              ],
            }))}
            empty="No hour is there yet."
          />
        )}
      </details>
    </article>
  );
}
