import { expect, test } from 'vitest';
import { newScores, ScoreJournal } from './score-cache.ts';

/** Scores that a journal knows of before they change. */
function changed(journal: ScoreJournal, scores: ReturnType<typeof newScores>, gain: number): void {
  journal.note(scores);
  scores.gain = gain;
  scores.isStale = false;
}

test('scores go back to what they were at a mark', () => {
  const journal = new ScoreJournal();
  const [one, other] = [newScores(), newScores()];
  changed(journal, one, 1);
  const mark = journal.mark();
  changed(journal, one, 2);
  changed(journal, one, 3);
  changed(journal, other, 4);
  journal.backTo(mark);
  expect(one).toMatchObject({ gain: 1, isStale: false });
  expect(other).toMatchObject({ gain: 0, isStale: true });
});

test('marks may lie within each other', () => {
  const journal = new ScoreJournal();
  const scores = newScores();
  const outer = journal.mark();
  changed(journal, scores, 1);
  const inner = journal.mark();
  changed(journal, scores, 2);
  journal.backTo(inner);
  expect(scores.gain).toBe(1);
  changed(journal, scores, 3);
  journal.backTo(outer);
  expect(scores.gain).toBe(0);
});

test('what is kept at an inner mark goes back with the outer one', () => {
  const journal = new ScoreJournal();
  const scores = newScores();
  changed(journal, scores, 5);
  const outer = journal.mark();
  journal.mark();
  changed(journal, scores, 6);
  journal.backTo(outer);
  expect(scores.gain).toBe(5);
});
