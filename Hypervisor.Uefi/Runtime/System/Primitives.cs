#pragma warning disable CS0169, CS0649, IDE0051, IDE0044 // the compiler gives these types their contents
namespace System;

/// <summary>The absence of a value.</summary>
public struct Void
{
}

/// <summary>A truth value, one byte.</summary>
public struct Boolean
{
    private bool _value;
}

/// <summary>A UTF-16 code unit; UEFI's CHAR16.</summary>
public struct Char
{
    private char _value;
}

/// <summary>8-bit signed integer.</summary>
public struct SByte
{
    public const sbyte MaxValue = 127;
    private sbyte _value;
}

/// <summary>8-bit unsigned integer.</summary>
public struct Byte
{
    public const byte MaxValue = 255;
    private byte _value;
}

/// <summary>16-bit signed integer.</summary>
public struct Int16
{
    public const short MaxValue = 32767;
    private short _value;
}

/// <summary>16-bit unsigned integer.</summary>
public struct UInt16
{
    public const ushort MaxValue = 65535;
    private ushort _value;
}

/// <summary>32-bit signed integer.</summary>
public struct Int32
{
    public const int MaxValue = 2147483647;
    public const int MinValue = -2147483648;
    private int _value;
}

/// <summary>32-bit unsigned integer.</summary>
public struct UInt32
{
    public const uint MaxValue = 4294967295;
    private uint _value;
}

/// <summary>64-bit signed integer.</summary>
public struct Int64
{
    public const long MaxValue = 9223372036854775807;
    public const long MinValue = -9223372036854775808;
    private long _value;
}

/// <summary>64-bit unsigned integer.</summary>
public struct UInt64
{
    public const ulong MaxValue = 18446744073709551615;
    private ulong _value;
}

/// <summary>Pointer-sized signed integer.</summary>
public struct IntPtr
{
    public static readonly nint Zero;
    private unsafe void* _value;
}

/// <summary>Pointer-sized unsigned integer.</summary>
public struct UIntPtr
{
    private unsafe void* _value;
}

/// <summary>32-bit floating point: named by the compiler, never used by the image.</summary>
public struct Single
{
    private float _value;
}

/// <summary>64-bit floating point: named by the compiler, never used by the image.</summary>
public struct Double
{
    private double _value;
}

/// <summary>A value or nothing; the compiler knows it by name.</summary>
public readonly struct Nullable<T>(T value)
    where T : struct
{
    private readonly bool _hasValue = true;
    private readonly T _value = value;

    /// <summary>Whether there is a value.</summary>
    public bool HasValue => _hasValue;

    /// <summary>The value, or the default where there is none.</summary>
    public T GetValueOrDefault() => _value;

    /// <summary>The value; the default where there is none, since the image has no exceptions.</summary>
    public T Value => _value;

    public static implicit operator T?(T value) => new T?(value);
}

/// <summary>Pairs for generic value tuples the language writes as (a, b).</summary>
public struct ValueTuple<T1, T2>(T1 item1, T2 item2)
{
    public T1 Item1 = item1;
    public T2 Item2 = item2;
}

/// <summary>Triples for generic value tuples the language writes as (a, b, c).</summary>
public struct ValueTuple<T1, T2, T3>(T1 item1, T2 item2, T3 item3)
{
    public T1 Item1 = item1;
    public T2 Item2 = item2;
    public T3 Item3 = item3;
}
