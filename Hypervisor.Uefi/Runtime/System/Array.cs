#pragma warning disable CS0649, IDE0044
namespace System;

/// <summary>Base of all arrays. Layout by contract with the compiler: the length follows the method table pointer.</summary>
public abstract class Array
{
    private readonly int _length;

    /// <summary>Number of elements.</summary>
    public int Length => _length;
}

/// <summary>The type whose method table single-dimensional arrays borrow; the compiler looks it up by name.</summary>
internal sealed class Array<T> : Array
{
}

/// <summary>Base of delegates: declared for the compiler, function pointers are what the image uses.</summary>
public abstract class Delegate
{
    internal object? m_firstParameter;
    internal object? m_helperObject;
    internal nint m_extraFunctionPointerOrData;
    internal nint m_functionPointer;
}

/// <summary>Base of declared delegates.</summary>
public abstract class MulticastDelegate : Delegate
{
}
