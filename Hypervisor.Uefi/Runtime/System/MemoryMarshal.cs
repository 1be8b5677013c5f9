using System.Runtime.CompilerServices;

namespace System.Runtime.InteropServices;

/// <summary>Other views of the same memory.</summary>
public static class MemoryMarshal
{
    /// <summary>The same memory as elements of another type; a rest that is too short for one is left out.</summary>
    public static Span<TTo> Cast<TFrom, TTo>(Span<TFrom> span)
        where TFrom : struct
        where TTo : struct =>
        new(ref Unsafe.As<TFrom, TTo>(ref span.GetPinnableReference()), (int)((long)span.Length * Unsafe.SizeOf<TFrom>() / Unsafe.SizeOf<TTo>()));
}
