import type { TableExplanationBody } from '@moraine/api/rest/explain-schemas'
import { counted, humanDuration } from '@moraine/stdx/human-text'
import { askedText, pastRequestText } from './asked-text.ts'
import { momentText } from './moment-text.ts'
import { partitionText } from './partition-text.ts'
import { verdictText } from './verdict-text.ts'

/** The answer of a service to why a table is, or is not, optimized: what it is, what would change it, what bears on it. */
export function tableExplanationText(name: string, explanation: TableExplanationBody): string {
  const { verdict, remedy, queue, quota, work, failures } = explanation
  const lines = [
    verdictText(name, verdict),
    `  since:   ${momentText(verdict.since)}, in phase ${verdict.phase}${verdict.processId === null ? '' : `, process ${verdict.processId}`}`,
    `  change:  ${remedy}`,
    ...requestLines(explanation),
    ...figuresLine(verdict.figures),
    ...lookLine(verdict),
    ...(queue === null ? [] : [`  queue:   ${queueText(queue)}`]),
    `  quota:   ${quotaText(quota)}`,
    ...section('properties that nobody reads', explanation.unknownProperties.map(unknownText)),
    ...section('at work', work.map(workText)),
    ...section('failures, the last first', failures.map(failureText)),
    ...outputLines(explanation),
    ...partitionLines(explanation),
  ]
  return `${lines.join('\n')}\n`
}

type Explained<K extends keyof TableExplanationBody> = NonNullable<TableExplanationBody[K]>

function figuresLine(figures: Explained<'verdict'>['figures']): readonly string[] {
  const entries = Object.entries(figures)
  return entries.length === 0 ? [] : [`  figures: ${entries.map(([name, value]) => `${name} ${value}`).join(', ')}`]
}

function requestLines({ request, verdict: { lastRequest } }: TableExplanationBody): readonly string[] {
  return [
    ...(request === null ? [] : [`  request: ${askedText(request)}`]),
    ...(lastRequest === null ? [] : [`  asked:   ${pastRequestText(lastRequest)}`]),
  ]
}

/** What the last look at the table found; left out where the verdict is that very finding. */
function lookLine({ evaluatedAt, snapshotId, finding, needed, text }: Explained<'verdict'>): readonly string[] {
  if (evaluatedAt === null) return []
  const found = finding === null || text.includes(finding) ? '' : `: ${finding}`
  const seen = snapshotId === null ? '' : ` at snapshot ${snapshotId}`
  return [`  look:    ${momentText(evaluatedAt)}${seen}, asks for ${needed ?? 'nothing'}${found}`]
}

function unknownText({ key, meant }: Explained<'unknownProperties'>[number]): string {
  return meant === null ? `${key} is unknown` : `${key} is unknown; is ${meant} meant?`
}

function queueText({ position, of, policy, ahead, hasWorkAhead }: Explained<'queue'>): string {
  const before = position - 1
  const rest = before - ahead.length
  const after = before === 0 ? '' : `, after ${ahead.join(', ')}${rest === 0 ? '' : ` and ${rest} more`}`
  const full = hasWorkAhead ? '; nothing is planned until threads of the group have less to do' : ''
  return `${position} of ${of} that wait to be planned in the group, by ${policy}${after}${full}`
}

function quotaText({ quota, threads, running, waiting, usedMs, windowMs, occupation }: Explained<'quota'>): string {
  const share = `${Math.round(occupation * 100)} %`
  return `${quota}, now ${counted(threads, 'thread')}; ${counted(running, 'task')} running, ${waiting} waiting; ${humanDuration(usedMs)} used in the last ${humanDuration(windowMs)}, ${share} of it`
}

function workText({
  taskId,
  partition,
  attempt,
  optimizerId,
  threadId,
  since,
  lastHeardAt,
}: Explained<'work'>[number]) {
  const heard = lastHeardAt === null ? 'it is gone: the task goes to another' : `heard of ${momentText(lastHeardAt)}`
  return `task ${taskId} (${partitionText(partition)}), attempt ${attempt}: thread ${threadId} of optimizer ${optimizerId} since ${momentText(since)}, ${heard}`
}

function failureText({ at, processId, taskId, reason }: Explained<'failures'>[number]): string {
  return `${momentText(at)}, ${taskId === null ? '' : `task ${taskId} of `}process ${processId}: ${reason}`
}

function outputLines({ outputs, outputsTotal }: TableExplanationBody): readonly string[] {
  const rest = outputsTotal - outputs.length
  return section('outputs that are not in the table', [
    ...outputs.map(outputText),
    ...(rest === 0 ? [] : [`${rest} more`]),
  ])
}

function outputText({
  processId,
  taskId,
  attempt,
  commit,
  dueAt,
  tries,
  reason,
}: Explained<'outputs'>[number]): string {
  const fate =
    commit === 'unknown'
      ? 'unsettled, kept: a commit of it may have been made; looked at again'
      : tries === 0
        ? 'to be deleted'
        : 'to be deleted, tried again'
  const why = reason === null ? '' : `: ${reason}`
  return `attempt ${attempt} of task ${taskId} of process ${processId}: ${fate} ${momentText(dueAt)}${why}`
}

function partitionLines(explanation: TableExplanationBody): readonly string[] {
  const { partitions, partitionsTotal, partitionsFailure } = explanation
  if (partitionsFailure !== null) return [`  partitions could not be looked at: ${partitionsFailure}`]
  const rest = partitionsTotal - partitions.length
  const cut = rest === 0 ? [] : [`${rest} more, of which none is more urgent; --partition tells of one`]
  return section('partitions', [...partitions.map(partitionLine), ...cut])
}

function partitionLine({ partition, due, text, isRequested, optimizedAt }: Explained<'partitions'>[number]): string {
  const clocks = Object.entries(optimizedAt)
    .filter(([, at]) => at > 0)
    .map(([type, at]) => `, last ${type} ${momentText(at)}`)
  return `${partitionText(partition)}: ${isRequested ? 'asked for, ' : ''}${due ?? 'nothing due'}, ${text}${clocks.join('')}`
}

function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [`  ${title}:`, ...lines.map((line) => `    ${line}`)]
}
