'use client'

import { useState } from 'react'

/** Works only where the browser runs Next's scripts under the policy of the guard. */
export function Counter() {
  const [count, setCount] = useState(0)
  return (
    <button type="button" onClick={() => setCount(count + 1)} style={{ fontWeight: 'bold' }}>
      Clicked {count} times
    </button>
  )
}
