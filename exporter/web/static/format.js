// How figures, times and states read. A figure that does not exist is an en dash, never a zero.

const NONE = "–";
const UNITS = [["T", 1e12], ["B", 1e9], ["M", 1e6], ["k", 1e3]];
const WHOLE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const decimals = (n) => new Intl.NumberFormat("en-US", { minimumFractionDigits: n, maximumFractionDigits: n });
const TINY = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 4 });
const PRICES = [[10_000, decimals(1)], [100, decimals(2)], [1, decimals(3)], [0.01, decimals(5)], [0, TINY]];

const given = (format) => (value) => (value === null || value === undefined ? NONE : format(value));

function compact(value, small) {
  // 999.95 of a unit already reads as 1.00 of the next
  const unit = UNITS.find(([, size]) => value >= size * 0.9995);
  return unit ? (value / unit[1]).toPrecision(3) + unit[0] : small(value);
}

export const usd = given((v) => "$" + compact(v, (s) => (s === 0 ? "0" : s.toFixed(s < 100 ? 2 : 0))));
export const usdExact = given((v) => "$" + (v < 100 ? v.toFixed(2) : WHOLE.format(v)));
export const count = given((v) => (v < 1e6 ? WHOLE.format(v) : compact(v, String)));
export const rate = given((v) => (v < 10 ? v.toFixed(1) : count(v)));
export const percent = given((v) => (v * 100).toFixed(1) + "%");
export const ratio = given((v) => (v < 100 ? v.toFixed(2) : count(v)));
export const price = given((v) => PRICES.find(([from]) => v >= from)[1].format(v));
export const amount = given((v) => {
  if (v === 0) return "0";
  if (v >= 1000) return v < 10_000 ? WHOLE.format(v) : compact(v, String);
  return v >= 1 ? v.toFixed(v >= 100 ? 1 : 3) : v.toFixed(v >= 0.001 ? 4 : 8);
});

export function imbalance(balance) {
  if (balance.imbalance === null) return NONE;
  return balance.toward ? `${percent(Math.abs(balance.imbalance))} ${balance.toward}` : "0.0%";
}

const iso = (ms) => new Date(ms).toISOString();
export const clock = (ms) => iso(ms).slice(11, 19);
export const minute = (ms) => iso(ms).slice(11, 16);
export const moment = (ms) => iso(ms).slice(0, 19).replace("T", " ") + " UTC";

export function span(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} min`;
  return `${Math.floor(s / 86_400)} d ${Math.floor(s / 3600) % 24} h`;
}

export const WINDOWS = { "1h": "1 hour", "4h": "4 hours", "12h": "12 hours", "24h": "24 hours", all: "All time" };
export const inWindow = (name) => (name === "all" ? "all time" : "last " + name);
export const sideLabel = { long: "▼ long", short: "▲ short" };

export const COMPLETENESS = {
  full: "every one",
  sampled_1s: "sample: 1/s per symbol",
  sampled_max_per_side_1s: "sample: 1/s per side",
  partial: "a part",
  unspecified: "not stated",
};

export const STATES = {
  live: "live",
  silent: "SILENT",
  connecting: "connecting",
  down: "DOWN",
  blocked: "BLOCKED",
  off: "not listened to",
};
