#pragma warning disable CS0649 // the compiler's allocation sets it
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Internal.Runtime;

namespace System;

/// <summary>The root of the type system; the compiler lays every object out as this one pointer followed by its fields.</summary>
public unsafe class Object
{
    /// <summary>The method table pointer. The first field of every object by contract with the compiler.</summary>
    internal MethodTable* _methodTable;

    /// <summary>Creates an object.</summary>
    public Object()
    {
    }

    /// <summary>Required by the language for value comparison; reference identity here.</summary>
    public virtual bool Equals(object? other) => ReferenceEquals(this, other);

    /// <summary>Required by the language; objects of the image are never hashed.</summary>
    public virtual int GetHashCode() => 0;

    /// <summary>Identity of two references.</summary>
    public static bool ReferenceEquals(object? left, object? right) => left == right;
}

/// <summary>Marks value types for the compiler.</summary>
public abstract class ValueType
{
}

/// <summary>Base of enumerations; no reflection over names exists in the image.</summary>
public abstract class Enum : ValueType
{
    /// <summary>Whether <paramref name="flag"/> is set; an intrinsic of the compiler, so no boxing takes place.</summary>
    [Intrinsic]
    public bool HasFlag(Enum flag) => false;
}
