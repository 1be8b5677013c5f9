using System;
using System.Runtime;
using System.Runtime.CompilerServices;
using Hypervisor.Core.Host;

namespace System
{
    /// <summary>Bulk moves the compiler calls by name for large structs.</summary>
    internal static unsafe class SpanHelpers
    {
        internal static void Memmove(ref byte destination, ref readonly byte source, nuint length)
        {
            byte* to = (byte*)Unsafe.AsPointer(ref destination);
            byte* from = (byte*)Unsafe.AsPointer(in source);
            if ((nuint)to - (nuint)from >= length)
            {
                for (nuint i = 0; i < length; i++)
                {
                    to[i] = from[i];
                }
            }
            else
            {
                for (nuint i = length; i != 0; i--)
                {
                    to[i - 1] = from[i - 1];
                }
            }
        }

        internal static void ClearWithoutReferences(ref byte destination, nuint length) => Fill(ref destination, 0, length);

        internal static void Fill(ref byte destination, byte value, nuint length)
        {
            byte* to = (byte*)Unsafe.AsPointer(ref destination);
            for (nuint i = 0; i < length; i++)
            {
                to[i] = value;
            }
        }
    }

    /// <summary>Looked up by name for copies with references in them.</summary>
    internal static class Buffer
    {
        internal static void BulkMoveWithWriteBarrier(ref byte destination, ref byte source, nuint length) =>
            SpanHelpers.Memmove(ref destination, ref source, length);
    }
}

namespace System.Runtime
{
    /// <summary>Casts looked up by name; no cast that can fail is written in the image.</summary>
    internal static unsafe class TypeCast
    {
        internal static object? CheckCastAny(void* target, object? value) => value;

        internal static object? CheckCastInterface(void* target, object? value) => value;

        internal static object? CheckCastClass(void* target, object? value) => value;

        internal static object? CheckCastClassSpecial(void* target, object? value) => value;

        internal static object? IsInstanceOfAny(void* target, object? value) => null;

        internal static object? IsInstanceOfInterface(void* target, object? value) => null;

        internal static object? IsInstanceOfClass(void* target, object? value) => null;

        internal static bool IsInstanceOfException(void* target, object? value) => false;

        internal static void StelemRef(object?[] array, nint index, object? value)
        {
            if ((nuint)index >= (nuint)array.Length)
            {
                Internal.Runtime.CompilerHelpers.ThrowHelpers.ThrowIndexOutOfRangeException();
            }

            // No array is used as one of a base type: what is stored fits. No collector, so a plain store, behind method table and length.
            const int firstElement = 2 * 8;
            byte* memory = *(byte**)Unsafe.AsPointer(ref array);
            ((void**)(memory + firstElement))[index] = *(void**)Unsafe.AsPointer(ref value);
        }

        internal static ref object? LdelemaRef(object?[] array, nint index, nint type) => ref array[index];
    }
}

namespace System.Runtime.InteropServices
{
    /// <summary>Looked up by name; unused.</summary>
    public interface IDynamicInterfaceCastable
    {
        internal static nint GetDynamicInterfaceImplementation(object instance, nint interfaceType, ushort slot) => 0;
    }
}

namespace Internal.Runtime.CompilerHelpers
{
    /// <summary>Looked up by name; the image starts at EfiMain.</summary>
    internal static class StartupCodeHelpers
    {
    }

    /// <summary>
    /// Looked up by name for the tokens of constant tables: <c>CreateSpan</c> is expanded in the end, and no token is ever turned into a handle.
    /// </summary>
    internal static class LdTokenHelpers
    {
        internal static RuntimeTypeHandle GetRuntimeTypeHandle(nint type) => default;

        internal static RuntimeMethodHandle GetRuntimeMethodHandle(nint method) => default;

        internal static RuntimeFieldHandle GetRuntimeFieldHandle(nint field) => default;
    }

    /// <summary>Looked up by name; nothing is marshalled.</summary>
    internal static class InteropHelpers
    {
    }
}
