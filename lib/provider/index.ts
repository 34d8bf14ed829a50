/** Networks: what `Runtime.network` can be. */
export { nativeNetwork } from './native-network'
