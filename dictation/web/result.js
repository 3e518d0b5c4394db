// A finished transcript: figures, the editable text with its copy button, segments that seek.

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function player(id) {
  return document.querySelector(`.st-key-${CSS.escape(id)} audio`);
}

async function copy(field) {
  try {
    await navigator.clipboard.writeText(field.value);
  } catch {
    // Without the permission, or in a window without focus: the way of old browsers.
    field.select();
    document.execCommand("copy");
  }
}

function figures(data) {
  const list = element("dl", "figures");
  for (const { name, value, language } of data.figures) {
    const figure = element("div", "figure");
    const shown = element("dd", language ? `language ${language}` : "", value);
    shown.title = value;
    figure.append(element("dt", "", name), shown);
    list.append(figure);
  }
  return list;
}

function editor(data, setStateValue) {
  const box = element("div", "editor");
  const field = element("textarea");
  field.value = data.text;
  field.spellcheck = false;
  field.setAttribute("aria-label", data.labels.text);
  field.rows = Math.min(14, Math.max(3, Math.ceil(data.text.length / 60) + 1));
  let waiting;
  const tell = () => {
    clearTimeout(waiting);
    setStateValue("text", field.value);
  };
  field.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(tell, 400);
  });
  field.addEventListener("blur", () => {
    if (waiting) tell();
  });
  const button = element("button", "copy", data.labels.copy);
  button.type = "button";
  button.setAttribute("aria-live", "polite");
  let shownUntil;
  button.addEventListener("click", async () => {
    await copy(field);
    button.textContent = data.labels.copied;
    button.classList.add("done");
    clearTimeout(shownUntil);
    shownUntil = setTimeout(() => {
      button.textContent = data.labels.copy;
      button.classList.remove("done");
    }, 1800);
  });
  box.append(field, button);
  return box;
}

function segments(data) {
  const list = element("ol", "segments");
  list.setAttribute("aria-label", data.labels.segments);
  list.tabIndex = 0;
  for (const segment of data.segments) {
    const row = element("li");
    const time = element("button", "time", segment.clock);
    time.type = "button";
    time.title = data.labels.play;
    time.setAttribute("aria-label", `${data.labels.play} ${segment.clock}`);
    time.addEventListener("click", () => {
      const audio = player(data.player);
      if (!audio) return;
      audio.currentTime = segment.start;
      audio.play().catch(() => {});
    });
    const words = element("span", "words", segment.text);
    words.lang = segment.language === "en" ? "en" : "zh";
    row.append(time, element("span", `language ${segment.language}`, segment.label), words);
    list.append(row);
  }
  return list;
}

function follow(list, data) {
  const mark = (event) => {
    if (event.target !== player(data.player)) return;
    const now = event.target.currentTime;
    data.segments.forEach((segment, index) => {
      list.children[index].classList.toggle("now", segment.start <= now && now < segment.end);
    });
  };
  // The player is drawn anew now and then: whichever it is, its events pass the document.
  document.addEventListener("timeupdate", mark, true);
  return () => document.removeEventListener("timeupdate", mark, true);
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".result");
  const shape = JSON.stringify(data);
  // Streamlit calls again after every change: what is being edited stays as it is.
  if (root.dataset.shape === shape) return root.forget;
  root.dataset.shape = shape;
  root.forget?.();
  root.replaceChildren(figures(data));
  root.forget = () => {};
  if (data.segments.length) {
    const list = segments(data);
    root.append(editor(data, setStateValue), list);
    root.forget = follow(list, data);
  } else {
    root.append(element("p", "nothing", data.labels.nothing));
  }
  return root.forget;
}
