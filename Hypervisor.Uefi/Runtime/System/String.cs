using System.Runtime.CompilerServices;

namespace System;

/// <summary>UTF-16 text. Literals only: the image has text for UEFI's console and nothing that builds strings.</summary>
public sealed class String
{
    // Layout by contract with the compiler: length, then the first character, zero terminated.
    private readonly int _length;
    private readonly char _firstChar;

    /// <summary>Number of UTF-16 code units.</summary>
    public int Length
    {
        [Intrinsic]
        get => _length;
    }

    /// <summary>One code unit.</summary>
    public char this[int index]
    {
        [Intrinsic]
        get => Unsafe.Add(ref Unsafe.AsRef(in _firstChar), index);
    }

    /// <summary>The first code unit, for <c>fixed</c>.</summary>
    public ref readonly char GetPinnableReference() => ref _firstChar;
}
