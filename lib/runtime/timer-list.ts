/** The entries of the timer wheel, and the doubly linked lists that hold them: both ends of a cancel or reschedule are O(1). */

export class TimerEntry {
  readonly fn: () => void
  readonly ref: boolean
  deadlineMs = 0
  list: TimerList | null = null
  previous: TimerEntry | null = null
  next: TimerEntry | null = null

  constructor(fn: () => void, ref: boolean) {
    this.fn = fn
    this.ref = ref
  }
}

export class TimerList {
  head: TimerEntry | null = null
  tail: TimerEntry | null = null

  append(entry: TimerEntry): void {
    entry.list = this
    entry.previous = this.tail
    entry.next = null
    if (this.tail === null) this.head = entry
    else this.tail.next = entry
    this.tail = entry
  }

  remove(entry: TimerEntry): void {
    if (entry.previous === null) this.head = entry.next
    else entry.previous.next = entry.next
    if (entry.next === null) this.tail = entry.previous
    else entry.next.previous = entry.previous
    entry.list = null
    entry.previous = null
    entry.next = null
  }
}
