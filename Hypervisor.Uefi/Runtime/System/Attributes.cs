#pragma warning disable CS9113, IDE0060 // attributes are read by compilers, their arguments by nobody at run time
namespace System
{
    /// <summary>Base of attributes.</summary>
    public abstract class Attribute
    {
    }

    /// <summary>Where an attribute may stand.</summary>
    public enum AttributeTargets
    {
        Assembly = 1, Module = 2, Class = 4, Struct = 8, Enum = 16, Constructor = 32, Method = 64, Property = 128, Field = 256,
        Event = 512, Interface = 1024, Parameter = 2048, Delegate = 4096, ReturnValue = 8192, GenericParameter = 16384, All = 32767,
    }

    public sealed class AttributeUsageAttribute(AttributeTargets validOn) : Attribute
    {
        public bool AllowMultiple { get; set; }

        public bool Inherited { get; set; }
    }

    public sealed class FlagsAttribute : Attribute;

    public sealed class ParamArrayAttribute : Attribute;

    public sealed class ObsoleteAttribute(string? message) : Attribute;

    public sealed class CLSCompliantAttribute(bool compliant) : Attribute;
}

namespace System.Reflection
{
    public sealed class DefaultMemberAttribute(string name) : Attribute;
}

namespace System.Diagnostics.CodeAnalysis
{
    public sealed class DoesNotReturnAttribute : Attribute;

    public sealed class NotNullAttribute : Attribute;

    public sealed class UnscopedRefAttribute : Attribute;

    public sealed class SuppressMessageAttribute(string category, string checkId) : Attribute
    {
        public string? Justification { get; set; }
    }
}

namespace System.Runtime
{
    /// <summary>Gives a method the symbol name under which compiled code and stubs find it.</summary>
    public sealed class RuntimeExportAttribute(string entry) : Attribute;

    /// <summary>Binds a method to a symbol of the linked image: a plain call, no transition.</summary>
    public sealed class RuntimeImportAttribute(string library, string entry) : Attribute;
}

namespace System.Runtime.InteropServices
{
    public enum LayoutKind
    {
        Sequential = 0, Explicit = 2, Auto = 3,
    }

    public enum UnmanagedType
    {
        Bool = 2, I1 = 3, U1 = 4,
    }

    public enum CallingConvention
    {
        Winapi = 1, Cdecl = 2, StdCall = 3,
    }

    public sealed class StructLayoutAttribute(LayoutKind kind) : Attribute
    {
        public int Pack;
        public int Size;
    }

    public sealed class FieldOffsetAttribute(int offset) : Attribute;

    public sealed class InAttribute : Attribute;

    public sealed class OutAttribute : Attribute;

    public sealed class UnmanagedCallersOnlyAttribute : Attribute
    {
        public Type[]? CallConvs;
        public string? EntryPoint;
    }
}

namespace System.Runtime.CompilerServices
{
    public enum MethodImplOptions
    {
        NoInlining = 8, AggressiveInlining = 256, InternalCall = 4096, NoOptimization = 64, AggressiveOptimization = 512,
    }

    public sealed class MethodImplAttribute(MethodImplOptions options) : Attribute;

    public sealed class IntrinsicAttribute : Attribute;

    public sealed class IsReadOnlyAttribute : Attribute;

    public sealed class IsByRefLikeAttribute : Attribute;

    public sealed class IsUnmanagedAttribute : Attribute;

    public sealed class ScopedRefAttribute : Attribute;

    public sealed class RefSafetyRulesAttribute(int version) : Attribute;

    public sealed class NullableAttribute : Attribute
    {
        public NullableAttribute(byte flag)
        {
        }

        public NullableAttribute(byte[] flags)
        {
        }
    }

    public sealed class NullableContextAttribute(byte flag) : Attribute;

    public sealed class CompilerGeneratedAttribute : Attribute;

    public sealed class CompilerFeatureRequiredAttribute(string feature) : Attribute;

    public sealed class RequiresLocationAttribute : Attribute;

    public sealed class FixedBufferAttribute(Type elementType, int length) : Attribute;

    public sealed class UnsafeValueTypeAttribute : Attribute;

    public sealed class InlineArrayAttribute(int length) : Attribute;

    public sealed class ExtensionAttribute : Attribute;

    public sealed class TupleElementNamesAttribute(string?[] names) : Attribute;

    public sealed class SkipLocalsInitAttribute : Attribute;

    public sealed class InternalsVisibleToAttribute(string assembly) : Attribute;

    public sealed class IsExternalInit;

    public sealed class IsVolatile;

    public sealed class CallConvMemberFunction;

    public sealed class CallConvCdecl;

    public sealed class CallConvSuppressGCTransition;
}
