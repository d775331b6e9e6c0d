// SPDX-License-Identifier: MIT
// page.js - what the report does when touched: texts of points, hiding a contender, the other scale,
// sorting. The page is complete without it.
(function () {
  'use strict';
  var tip = document.getElementById('tip');

  function showTip(event) {
    var point = event.target.closest ? event.target.closest('[data-tip]') : null;
    tip.hidden = !point;
    if (!point) return;
    tip.textContent = point.getAttribute('data-tip');
    var box = tip.getBoundingClientRect();
    var x = Math.min(Math.max(8, event.clientX - box.width / 2), innerWidth - box.width - 8);
    var above = event.clientY - box.height - 14;
    tip.style.left = x + 'px';
    tip.style.top = (above < 4 ? event.clientY + 18 : above) + 'px';
  }
  document.addEventListener('pointermove', showTip);
  document.addEventListener('pointerdown', showTip);
  document.addEventListener('scroll', function () { tip.hidden = true; }, true);

  // A contender is hidden in every picture of its section.
  document.querySelectorAll('.legend button').forEach(function (button) {
    button.addEventListener('click', function () {
      var off = button.getAttribute('aria-pressed') === 'true';
      button.setAttribute('aria-pressed', off ? 'false' : 'true');
      button.closest('section').querySelectorAll('figure .of').forEach(function (mark) {
        if (mark.getAttribute('data-of') === button.getAttribute('data-of')) {
          mark.classList.toggle('off', off);
        }
      });
    });
  });

  document.querySelectorAll('[data-scale]').forEach(function (button) {
    button.addEventListener('click', function () {
      var log = button.closest('section').classList.toggle('logarithmic');
      button.textContent = log ? 'Linear scale' : 'Logarithmic scale';
    });
  });

  // Sorts by data-key: numbers as numbers, the empty ones always last.
  document.querySelectorAll('.sortable').forEach(function (table) {
    var heads = Array.prototype.slice.call(table.tHead.rows[0].cells);
    heads.forEach(function (head, column) {
      head.querySelector('button').addEventListener('click', function () {
        var down = head.getAttribute('aria-sort') === 'ascending';
        heads.forEach(function (other) { other.setAttribute('aria-sort', 'none'); });
        head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        sort(table.tBodies[0], column, down ? -1 : 1);
      });
    });
  });

  function sort(body, column, direction) {
    var keyed = Array.prototype.map.call(body.rows, function (row) {
      return { row: row, key: row.cells[column].getAttribute('data-key') };
    });
    keyed.sort(function (a, b) {
      if (a.key === null || b.key === null) return (a.key === null) - (b.key === null);
      var numeric = a.key !== '' && b.key !== '' && !isNaN(a.key) && !isNaN(b.key);
      var order = numeric ? a.key - b.key : a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
      return direction * order;
    });
    keyed.forEach(function (item) { body.appendChild(item.row); });
  }
}());
