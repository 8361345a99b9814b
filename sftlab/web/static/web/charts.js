// Plots: <figure class="chart"><figcaption>…</figcaption><div class="plot" data-chart="ID or address"></div></figure>
// The data is JSON, from <script type="application/json" id=ID> or an address:
//   {series: [{name, x: [], y: [], low?: [], high?: [], index?, kind?: "line"|"bar"|"points"}], x: "axis title", y: "axis title", log?: false,
//    categories?: false, legend?: false}
// categories takes each x for a name, as for days, which would else be points of time. index picks the colour, the same for one model everywhere. data-refresh="5" asks again every five seconds.
(() => {
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const probe = document.createElement("span");
  probe.hidden = false;
  document.body.append(probe);

  function resolved(property) {
    probe.className = "";
    delete probe.dataset.series;
    probe.style.color = `var(${property})`;
    return getComputedStyle(probe).color;
  }

  function seriesColor(index) {
    probe.dataset.series = String(index % 6);
    probe.style.color = "var(--series)";
    return getComputedStyle(probe).color;
  }

  function traces(data) {
    return data.series.flatMap((series, place) => {
      const color = seriesColor(series.index ?? place);
      const line = { name: series.name, x: series.x, y: series.y, hovertemplate: "%{y:.4~g}<extra>%{fullData.name}</extra>" };
      if (series.kind === "bar") return [{ ...line, type: "bar", marker: { color }, error_y: spread(series) }];
      if (series.kind === "points") return [{ ...line, mode: "markers", marker: { color, size: 8 }, error_y: spread(series) }];
      const band = series.low ? [{
        x: [...series.x, ...[...series.x].reverse()], y: [...series.high, ...[...series.low].reverse()],
        fill: "toself", fillcolor: color.replace("rgb(", "rgba(").replace(")", ", 0.15)"), line: { width: 0 }, hoverinfo: "skip", showlegend: false,
      }] : [];
      return [...band, { ...line, mode: series.x.length > 1 ? "lines" : "markers", line: { color, width: 2 }, marker: { color } }];
    });
  }

  const spread = (series) => series.low && {
    type: "data", symmetric: false, array: series.high.map((high, i) => high - series.y[i]), arrayminus: series.low.map((low, i) => series.y[i] - low),
  };

  function layout(data) {
    const text = resolved("--quiet"), line = resolved("--line");
    const axis = { gridcolor: line, zerolinecolor: line, automargin: true, tickfont: { size: 12 } };
    return {
      margin: { l: 8, r: 12, t: 8, b: 8 }, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: style("--font"), color: text, size: 12 }, hovermode: "x unified",
      hoverlabel: { bgcolor: resolved("--card"), font: { color: resolved("--text") }, bordercolor: line },
      xaxis: { ...axis, title: { text: data.x, font: { size: 12 } }, ...(data.categories && { type: "category" }) },
      yaxis: { ...axis, title: { text: data.y, font: { size: 12 } }, type: data.log ? "log" : "linear" },
      showlegend: data.legend ?? data.series.length > 1, legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
    };
  }

  async function load(source) {
    const inline = document.getElementById(source);
    if (inline) return JSON.parse(inline.textContent);
    const response = await fetch(source, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new Error(String(response.status));
    return response.json();
  }

  async function draw(plot) {
    try {
      const data = await load(plot.dataset.chart);
      await Plotly.react(plot, traces(data), layout(data), { displayModeBar: false, responsive: true });
      plot.dataset.drawn = "true";
    } catch (error) {
      if (!plot.dataset.drawn) plot.textContent = plot.dataset.failed || "–";
    }
  }

  const all = () => document.querySelectorAll("[data-chart]");
  for (const plot of all()) {
    draw(plot);
    if (plot.dataset.refresh) setInterval(() => document.hidden || draw(plot), 1000 * plot.dataset.refresh);
  }
  document.addEventListener("theme", () => all().forEach(draw));
})();
