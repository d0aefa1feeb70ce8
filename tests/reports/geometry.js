// What a browser says is wrong with a page: texts that overlap, are cut off, stick out or are hard to read; limits that
// are not seen. Returns a list of sentences.
() => {
  const faults = [];
  const pageWidth = document.documentElement.clientWidth;
  const say = (what, node) => faults.push(`${what}: ${(node.textContent.trim() || node.getAttribute("class") || node.tagName).slice(0, 60)}`);

  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const luminance = (colour) => {
    const [red, green, blue] = channels(colour).map((part) => {
      const share = part / 255;
      return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const background = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if ((channels(colour)[3] ?? 1) > 0) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const sticksOut = (inner, outer, room) =>
    inner.left < outer.left - room || inner.right > outer.right + room ||
    inner.top < outer.top - room || inner.bottom > outer.bottom + room;

  if (document.documentElement.scrollWidth > pageWidth) {
    faults.push(`the page is ${document.documentElement.scrollWidth} px wide, the window ${pageWidth}`);
  }

  // Every text that is shown, with its boxes: one a line.
  const boxes = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, element = node.parentElement;
    const heading = element.closest("thead");
    const isForReadersOnly = heading && getComputedStyle(heading).position === "absolute";
    if (!node.data.trim() || isForReadersOnly || !element.checkVisibility({contentVisibilityAuto: true})) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const inDrawing = element instanceof SVGElement;
    const rects = inDrawing ? [element.getBoundingClientRect()] : [...range.getClientRects()];
    const holder = element.closest(inDrawing ? "svg" : "td, th, .cause, figure, .card, header, footer").getBoundingClientRect();
    for (const rect of rects.filter((one) => one.width > 0)) {
      boxes.push({rect, node});
      if (rect.left < 0 || rect.right > pageWidth) say("beyond the window", node);
      if (sticksOut(rect, holder, 1.5)) say("sticks out of its box", node);
    }
    const style = getComputedStyle(element);
    const colour = inDrawing ? style.fill : style.color;
    if (contrast(colour, background(element)) < 4.5) say(`contrast ${contrast(colour, background(element)).toFixed(1)}`, node);
    if (rects.length && parseFloat(style.fontSize) * (inDrawing ? element.getScreenCTM().a : 1) < 9.5) say("too small", node);
  }
  boxes.sort((one, other) => one.rect.top - other.rect.top);
  boxes.forEach((one, at) => {
    for (let next = at + 1; next < boxes.length && boxes[next].rect.top < one.rect.bottom - 2; next++) {
      const other = boxes[next];
      const across = Math.min(one.rect.right, other.rect.right) - Math.max(one.rect.left, other.rect.left);
      const down = Math.min(one.rect.bottom, other.rect.bottom) - other.rect.top;
      if (one.node !== other.node && across > 1 && down > 2) {
        faults.push(`overlap: ${one.node.data.trim().slice(0, 40)} | ${other.node.data.trim().slice(0, 40)}`);
      }
    }
  });

  for (const element of document.body.querySelectorAll("*")) {
    const style = getComputedStyle(element);
    const isClipped = style.overflowX !== "visible" && element.scrollWidth > element.clientWidth + 1;
    if (isClipped && !element.closest("thead") && !(element instanceof SVGElement)) say("cut off", element);
  }

  // Boxes side by side or below each other, not upon each other.
  for (const group of ["main .card", "figure", ".cause", ".facts > div"]) {
    const all = [...document.querySelectorAll(group)].filter((one) => one.checkVisibility());
    const rects = all.map((one) => one.getBoundingClientRect());
    rects.forEach((one, at) => rects.slice(at + 1).forEach((other, offset) => {
      const apart = one.right <= other.left + 1 || other.right <= one.left + 1 ||
        one.bottom <= other.top + 1 || other.bottom <= one.top + 1;
      if (!apart) say("boxes overlap", all[at + 1 + offset]);
    }));
  }

  // All that is drawn lies in its drawing, and the limits are there to be seen.
  for (const drawing of document.querySelectorAll("figure svg")) {
    const outer = drawing.getBoundingClientRect();
    for (const shape of drawing.querySelectorAll("path, use")) {
      if (shape.closest("defs")) continue;
      if (sticksOut(shape.getBoundingClientRect(), outer, 2)) say("drawn outside of its drawing", shape.parentElement);
    }
  }
  for (const figure of document.querySelectorAll("figure[data-limited]")) {
    const outer = figure.querySelector("svg").getBoundingClientRect();
    const lines = [...figure.querySelectorAll(".limit path")], texts = [...figure.querySelectorAll(".limit-text text")];
    if (!lines.length || lines.length !== texts.length) say("no limit", figure);
    for (const line of lines) {
      const rect = line.getBoundingClientRect(), stroke = getComputedStyle(line).stroke;
      if (rect.width < outer.width / 2 || sticksOut(rect, outer, 0)) say("a limit out of sight", figure);
      if (!/^rgb/.test(stroke) || contrast(stroke, background(figure)) < 3) say("a faint limit", figure);
    }
    for (const text of texts) if (!/[≥≤] \d/.test(text.textContent)) say("a limit without its value", figure);
  }
  for (const mark of document.querySelectorAll(".bar .limit")) {
    const rect = mark.getBoundingClientRect(), bar = mark.parentElement.getBoundingClientRect();
    if (rect.left < bar.left - 3 || rect.right > bar.right + 3 || rect.height < bar.height) say("a limit off its bar", mark.parentElement);
  }
  return faults;
}
