using Hypervisor.Core.Host;

namespace Internal.Runtime.CompilerHelpers;

/// <summary>Where failing checks of compiled code end: bounds, null, division. Named by the compiler; each one names itself in the report.</summary>
internal static class ThrowHelpers
{
    internal static void ThrowIndexOutOfRangeException() => FailFast.Stop("index out of range"u8);

    internal static void ThrowOverflowException() => FailFast.Stop("arithmetic overflow"u8);

    internal static void ThrowDivideByZeroException() => FailFast.Stop("division by zero"u8);

    internal static void ThrowNullReferenceException() => FailFast.Stop("null reference"u8);

    internal static void ThrowArrayTypeMismatchException() => FailFast.Stop("array type mismatch"u8);

    internal static void ThrowPlatformNotSupportedException() => FailFast.Stop("not supported in the image"u8);

    internal static void ThrowNotImplementedException() => FailFast.Stop("not supported in the image"u8);

    internal static void ThrowNotSupportedException() => FailFast.Stop("not supported in the image"u8);

    internal static void ThrowArgumentException() => FailFast.Stop("bad argument"u8);

    internal static void ThrowArgumentOutOfRangeException() => FailFast.Stop("argument out of range"u8);

    internal static void ThrowInvalidProgramException() => FailFast.Stop("invalid program"u8);

    internal static void ThrowTypeLoadException() => FailFast.Stop("type cannot be loaded"u8);

    internal static void ThrowFeatureBodyRemoved() => FailFast.Stop("feature not in the image"u8);

    internal static void ThrowBadImageFormatException() => FailFast.Stop("invalid program"u8);

    internal static void ThrowMissingMethodException() => FailFast.Stop("missing method"u8);

    internal static void ThrowMissingFieldException() => FailFast.Stop("missing field"u8);

    internal static void ThrowFileNotFoundException() => FailFast.Stop("missing module"u8);
}
