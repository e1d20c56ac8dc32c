/**
 * The script of the page: what is hovered, focused or pinned lights up, with the flows that cross
 * it; arrow keys walk along the graph and the rows. The page is complete without it.
 */

/** Runs in a browser, after the document; touches nothing but this page. */
export const PAGE_SCRIPT = `'use strict';
(() => {
  const { paths, places, hops } = JSON.parse(document.getElementById('paths').textContent);
  const map = document.getElementById('map');
  const detail = document.getElementById('detail');
  const parts = [...map.querySelectorAll('[data-i]')].sort((a, b) => a.dataset.i - b.dataset.i);
  const rows = [...map.querySelectorAll('tr[data-p]')];
  const idle = detail.textContent;
  const sets = paths.map((path) => new Set(path));
  let pinned = null;

  function light(source) {
    for (const lit of map.querySelectorAll('.on')) lit.classList.remove('on');
    map.classList.toggle('lit', source !== null);
    if (source === null) {
      detail.textContent = idle;
      return;
    }
    const number = source.dataset.i === undefined ? -1 : Number(source.dataset.i);
    const crossing =
      number < 0
        ? [Number(source.dataset.p)]
        : [...sets.keys()].filter((p) => sets[p].has(number));
    const chosen = new Set(crossing);
    let count = 0;
    for (const row of rows) {
      const isOn = number < 0 ? row === source : chosen.has(Number(row.dataset.p));
      row.classList.toggle('on', isOn);
      if (isOn) count++;
    }
    for (const path of crossing) for (const i of paths[path]) parts[i].classList.add('on');
    if (number >= 0) {
      detail.textContent = parts[number].getAttribute('aria-label');
      if (count > 0) bringUp(rows.find((row) => row.classList.contains('on')));
      return;
    }
    const way = paths[crossing[0]].filter((i) => i < places.length).map((i) => places[i]);
    const port = source.querySelector('th').textContent;
    detail.textContent = 'flow ' + port + ': ' + way.join(' \\u2192 ');
  }

  /** Scrolls the rows, never the page. */
  function bringUp(row) {
    const box = row.closest('.scroll');
    const top = row.offsetTop - row.closest('table').tHead.offsetHeight;
    const bottom = row.offsetTop + row.offsetHeight;
    const isSeen = top >= box.scrollTop && bottom <= box.scrollTop + box.clientHeight;
    if (!isSeen) box.scrollTop = top;
  }

  const partOf = (target) =>
    target instanceof Element ? target.closest('[data-i],tr[data-p]') : null;
  const show = () => light(pinned);
  map.addEventListener('pointerover', (event) => {
    const part = partOf(event.target);
    if (part !== null && event.pointerType !== 'touch') light(part);
  });
  map.addEventListener('pointerout', (event) => {
    if (event.pointerType !== 'touch' && partOf(event.relatedTarget) === null) show();
  });
  map.addEventListener('focusin', (event) => {
    const part = partOf(event.target);
    if (part !== null) light(part);
  });
  map.addEventListener('focusout', show);

  function press(part, state) {
    if (part !== null && part.dataset.i !== undefined) part.setAttribute('aria-pressed', state);
  }
  function pin(part) {
    press(pinned, 'false');
    pinned = part === pinned ? null : part;
    press(pinned, 'true');
    light(pinned);
  }
  map.addEventListener('click', (event) => {
    const part = partOf(event.target);
    if (part !== null) pin(part);
  });

  const level = (i) => parts[i].getBoundingClientRect().top;
  const byLevel = (list) => [...list].sort((a, b) => level(a) - level(b));
  const hopNumber = (h) => places.length + h;
  const joined = (end, place) =>
    byLevel([...hops.keys()].filter((h) => hops[h][end] === place).map(hopNumber));

  /** Where an arrow key leads from a part of the graph; undefined for nowhere. */
  function neighbour(i, key) {
    const isHop = i >= places.length;
    const hop = isHop ? hops[i - places.length] : null;
    if (key === 'ArrowRight') return isHop ? hop[1] : joined(0, i)[0];
    if (key === 'ArrowLeft') return isHop ? hop[0] : joined(1, i)[0];
    const column = (p) => parts[p].getBoundingClientRect().left;
    const peers = isHop
      ? joined(0, hop[0])
      : byLevel([...places.keys()].filter((p) => Math.abs(column(p) - column(i)) < 2));
    return peers[peers.indexOf(i) + (key === 'ArrowDown' ? 1 : -1)];
  }

  function rowFrom(row, key) {
    const at = rows.indexOf(row);
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 };
    return rows[steps[key]];
  }

  /** One part of the graph and one row can be reached by Tab; arrow keys do the rest. */
  function move(from, to) {
    from.tabIndex = -1;
    to.tabIndex = 0;
    to.focus();
  }
  map.addEventListener('keydown', (event) => {
    const part = partOf(event.target);
    if (event.key === 'Escape') {
      if (pinned !== null) pin(pinned);
      return light(null);
    }
    if (part === null || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      return pin(part);
    }
    const next =
      part.dataset.i === undefined
        ? rowFrom(part, event.key)
        : event.key.startsWith('Arrow')
          ? parts[neighbour(Number(part.dataset.i), event.key)]
          : undefined;
    if (event.key.startsWith('Arrow') || next !== undefined) event.preventDefault();
    if (next !== undefined) move(part, next);
  });
  const start = map.querySelector('.hop.lossy') ?? map.querySelector('.place.lossy') ?? parts[0];
  if (start !== undefined) start.setAttribute('tabindex', '0');
  const row = rows.find((each) => each.querySelector('abbr') !== null) ?? rows[0];
  if (row !== undefined) {
    row.tabIndex = 0;
    if (row !== rows[0]) bringUp(row);
  }
  if (start !== undefined) {
    const box = start.closest('.scroll');
    const [seen, wanted] = [box.getBoundingClientRect(), start.getBoundingClientRect()];
    if (wanted.right > seen.right) box.scrollLeft = wanted.right - seen.left - (2 * seen.width) / 3;
  }
})();
`;
