namespace System.Runtime.CompilerServices;

/// <summary>Helpers the language asks for by name.</summary>
public static class RuntimeHelpers
{
    /// <summary>Offset of the first character in a string: method table pointer and length come before it.</summary>
    public static int OffsetToStringData => 12;

    /// <summary>Turns literal data of the image into a span; expanded by the compiler.</summary>
    [Intrinsic]
    public static ReadOnlySpan<T> CreateSpan<T>(RuntimeFieldHandle field) => default;
}

/// <summary>Feature switches the language reads before it allows a construct.</summary>
public static class RuntimeFeature
{
    public const string PortablePdb = nameof(PortablePdb);
    public const string DefaultImplementationsOfInterfaces = nameof(DefaultImplementationsOfInterfaces);
    public const string UnmanagedSignatureCallingConvention = nameof(UnmanagedSignatureCallingConvention);
    public const string CovariantReturnsOfClasses = nameof(CovariantReturnsOfClasses);
    public const string ByRefFields = nameof(ByRefFields);
    public const string ByRefLikeGenerics = nameof(ByRefLikeGenerics);
    public const string VirtualStaticsInInterfaces = nameof(VirtualStaticsInInterfaces);
    public const string NumericIntPtr = nameof(NumericIntPtr);
}
