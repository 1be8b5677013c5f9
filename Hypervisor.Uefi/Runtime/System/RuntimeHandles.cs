#pragma warning disable CS0169, IDE0051, IDE0044
namespace System;

/// <summary>Named by the compiler for <c>typeof</c>.</summary>
public struct RuntimeTypeHandle
{
    private nint _value;
}

/// <summary>Named by the compiler for method tokens.</summary>
public struct RuntimeMethodHandle
{
    private nint _value;
}

/// <summary>Named by the compiler for the initial data of arrays and spans.</summary>
public struct RuntimeFieldHandle
{
    private nint _value;
}

/// <summary>Named by the language for <c>typeof</c>; no instance ever exists.</summary>
public abstract class Type
{
}

/// <summary>Named by the compiler; no instance ever exists.</summary>
public abstract class RuntimeType : Type
{
}

/// <summary>Named by the language for <c>using</c>.</summary>
public interface IDisposable
{
    void Dispose();
}

/// <summary>Typed equality; declared so that value types of Core may implement it.</summary>
public interface IEquatable<T>
{
    bool Equals(T? other);
}
