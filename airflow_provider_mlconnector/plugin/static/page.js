// Progressive: without this script every view can still be read; it adds Airflow's theme, links out of the frame
// in which Airflow shows the page, and the replay buttons.
"use strict";

(() => {
  const root = document.documentElement;
  const POLL_MS = 2000;
  const PATIENCE_MS = 600000;

  // The window of Airflow around us, where it is one that we may look into.
  const host = (() => {
    try {
      return window.parent !== window && window.parent.document ? window.parent : null;
    } catch {
      return null;
    }
  })();

  function followTheme() {
    const classes = host ? host.document.documentElement.classList : null;
    let theme = classes && ["dark", "light"].find((name) => classes.contains(name));
    if (!theme) {
      try {
        theme = localStorage.getItem("theme");
      } catch {
        theme = null;
      }
    }
    if (theme === "dark" || theme === "light") root.dataset.theme = theme;
    else delete root.dataset.theme;
  }

  followTheme();
  addEventListener("storage", followTheme);
  if (host) new MutationObserver(followTheme).observe(host.document.documentElement, { attributeFilter: ["class"] });

  // The frame may not navigate the window around it; a link of that window may.
  function openInAirflow(event) {
    const link = event.target.closest("a[data-airflow]");
    if (!link || !host || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const outer = host.document.createElement("a");
    outer.href = link.href;
    host.document.body.append(outer);
    outer.click();
    outer.remove();
  }

  const say = (text, kind = "") => {
    const place = document.getElementById("replayed");
    place.textContent = text;
    place.className = `notice ${kind}`;
    place.hidden = false;
    return place;
  };

  function airflowLink(place, run) {
    const link = document.createElement("a");
    link.href = `${document.body.dataset.airflow}/dags/${run.dag_id}/runs/${encodeURIComponent(run.run_id)}`;
    link.dataset.airflow = "";
    link.textContent = "Its run in Airflow";
    place.append(" ", link);
  }

  async function follow(run) {
    const path = `${document.body.dataset.airflow}/api/v2/dags/${run.dag_id}/dagRuns/${encodeURIComponent(run.run_id)}`;
    const end = Date.now() + PATIENCE_MS;
    while (Date.now() < end) {
      await new Promise((done) => setTimeout(done, POLL_MS));
      const answer = await fetch(path);
      const state = answer.ok ? (await answer.json()).state : "unknown";
      if (state === "success") return location.reload();
      if (state === "failed") return airflowLink(say("The replay failed.", "bad"), run);
      if (state === "unknown") return undefined;
    }
    return undefined;
  }

  async function replay(button) {
    const many = Number(button.dataset.count) > 1;
    if (many && !button.dataset.sure) {
      // confirm() is not allowed in Airflow's frame.
      button.dataset.sure = "yes";
      button.textContent = `Yes, replay ${button.dataset.count} records`;
      return;
    }
    button.disabled = true;
    say("Starting …");
    const answer = await fetch("replay", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-MLConnector": "replay" },
      body: button.dataset.replay,
    });
    const run = await answer.json();
    if (!answer.ok) {
      button.disabled = false;
      say(typeof run.detail === "string" ? run.detail : "The replay was refused.", "bad");
      return;
    }
    const waits = run.dag === "paused" ? ` It waits until the DAG ${run.dag_id} is switched on.` : "";
    airflowLink(say(`The replay has started; this page shows its result by itself.${waits}`, "good"), run);
    await follow(run);
  }

  document.addEventListener("click", (event) => {
    openInAirflow(event);
    const button = event.target.closest("button[data-replay]");
    if (button) replay(button).catch((error) => say(`The replay did not start: ${error.message}`, "bad"));
  });
})();
