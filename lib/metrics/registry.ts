import { optionInvalid } from '../errors'
import type { MetricSample, MetricsSource } from '../runtime'
import { prometheusText } from './prometheus-text'

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/

/** Collects the figures of whatever was registered, at the moment somebody reads them. */
export class MetricsRegistry {
  readonly #sources = new Set<MetricsSource>()

  /** @returns takes it away again */
  register(source: MetricsSource): () => void {
    if (typeof (source as MetricsSource | undefined)?.collect !== 'function') {
      throw optionInvalid('source', source, 'an object with the method collect')
    }
    this.#sources.add(source)
    return () => {
      this.#sources.delete(source)
    }
  }

  /** @throws ERR_NETVOLLEY_OPTION_INVALID for names and labels that Prometheus would not read, and a name of two kinds */
  collect(): MetricSample[] {
    const samples = [...this.#sources].flatMap((source) => [...source.collect()])
    const kinds = new Map<string, MetricSample['kind']>()
    for (const { name, kind, labels = {} } of samples) {
      if (!NAME.test(name)) throw optionInvalid('name', name, 'a metric name: letters, digits, _ and :')
      for (const label of Object.keys(labels)) {
        if (!LABEL.test(label)) throw optionInvalid(`labels of ${name}`, label, 'a label name: letters, digits and _')
      }
      const known = kinds.get(name) ?? kind
      if (known !== kind) throw optionInvalid(`kind of ${name}`, kind, `"${known}", as in its other samples`)
      kinds.set(name, kind)
    }
    return samples
  }

  /** In Prometheus' text format, version 0.0.4: serve it as `text/plain; version=0.0.4`. */
  text(): string {
    return prometheusText(this.collect())
  }
}
