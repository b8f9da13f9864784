import type { TableExplanationBody } from '@moraine/api/rest/explain-schemas'
import type { TableVerdictBody } from '@moraine/api/rest/table-schemas'
import { momentText } from './moment-text.ts'

/** When it was asked for, by whom, and what; the verdict names no more than some of the partitions. */
export function askedText(request: NonNullable<TableExplanationBody['request']>): string {
  const { type, filter, partitions, requestedAt, by } = request
  const what = [
    ...(partitions === null ? [] : [`partitions ${partitions.join(', ')}`]),
    ...(filter === null ? [] : [`where ${filter}`]),
  ]
  const who = by === null ? '' : `by ${by}, `
  return `${momentText(requestedAt)}, ${who}${type}, ${what.length === 0 ? 'the whole table' : what.join(', ')}`
}

/** A request that is over, and what became of it. */
export function pastRequestText(last: NonNullable<TableVerdictBody['lastRequest']>): string {
  return `${askedText(last)}: ${answerText(last)}, ${momentText(last.answeredAt)}${last.reason === null ? '' : `: ${last.reason}`}`
}

function answerText({ answer, processId }: NonNullable<TableVerdictBody['lastRequest']>): string {
  if (answer === 'planned') return `planned as process ${processId}`
  return answer === 'failed' ? 'no plan could be made' : 'nothing to do'
}
