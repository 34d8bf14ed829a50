export { bufferView } from '../runtime'
