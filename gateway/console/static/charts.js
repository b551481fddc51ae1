// Lines over time in the colours of the page.
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const compact = new Intl.NumberFormat(undefined, { notation: "compact" });
const drawn = new Map();
export const COLOURS = ["--accent", "--high", "--low", "--critical"];

export function draw(place, times, series, unit = "", { isTime = true } = {}) {
  drawn.get(place)?.chart.destroy();
  place.replaceChildren();
  if (!times.length) {
    const empty = document.createElement("p");
    empty.className = "empty";
    empty.textContent = "No data in this range yet.";
    place.append(empty);
    return;
  }
  const axis = { stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 } };
  const chart = new uPlot({
    width: place.clientWidth,
    height: place.clientHeight - (series.length > 1 ? 30 : 0),
    legend: { show: series.length > 1, live: false },
    cursor: { y: false },
    scales: { x: { time: isTime }, y: { range: (_, low, high) => [Math.min(0, low), Math.max(high * 1.1, 1)] } },
    axes: [axis, { ...axis, size: 56, values: (_, values) => values.map((value) => `${compact.format(value)}${unit}`) }],
    series: [{}, ...series.map((each, index) => ({
      label: each.label, stroke: colour(COLOURS[index]), width: 1.75, spanGaps: true,
      dash: index ? [4 + 4 * index, 4] : undefined, points: { show: times.length < 3 },
    }))],
  }, [times, ...series.map((each) => each.values)], place);
  drawn.set(place, { chart, times, series, unit, isTime });
}

export function redraw() {
  for (const [place, each] of [...drawn]) {
    if (place.isConnected) draw(place, each.times, each.series, each.unit, each);
    else drawn.delete(place);
  }
}

export const seconds = (texts) => texts.map((text) => Date.parse(text) / 1000);
