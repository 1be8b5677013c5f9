using System.Runtime.InteropServices;
using Hypervisor.Core.Cpu;

namespace Hypervisor.Tests.Unit.Guest.Emulation;

/// <summary>One instruction with everything it finds; behind the run, with everything it leaves.</summary>
[StructLayout(LayoutKind.Explicit, Size = Size)]
internal unsafe struct NativeCase
{
    internal const int Size = 0x500;
    internal const int FlagsOffset = 0x80;
    internal const int CodeOffset = 0x90;
    internal const int CodeSize = 0x20;
    internal const int SelectorsOffset = 0xB0;
    internal const int EntryOffset = 0xC0;
    internal const int StatusOffset = 0xD0;
    internal const int VectorOffset = 0xD8;
    internal const int ErrorCodeOffset = 0xE0;
    internal const int FaultAddressOffset = 0xE8;
    internal const int VectorsOffset = 0x100;
    internal const int VectorSize = 32;
    internal const int Vectors = 16;
    internal const int FirstWindowOffset = 0x300;
    internal const int SecondWindowOffset = 0x400;

    internal const ulong Done = 1;
    internal const ulong Faulted = 2;

    [FieldOffset(0)]
    internal GuestRegisters Registers;

    [FieldOffset(FlagsOffset)]
    internal ulong Flags;

    [FieldOffset(0x88)]
    internal ulong Length;

    /// <summary>The instruction, and behind it a jump back to the program.</summary>
    [FieldOffset(CodeOffset)]
    internal fixed byte Code[CodeSize];

    /// <summary>ES, CS (unused), SS, DS, FS, GS: only outside 64-bit mode.</summary>
    [FieldOffset(SelectorsOffset)]
    internal fixed ushort Selectors[6];

    /// <summary>Far pointer to the code: only outside 64-bit mode.</summary>
    [FieldOffset(EntryOffset)]
    internal uint EntryOffsetInSegment;

    [FieldOffset(EntryOffset + 4)]
    internal ushort EntrySelector;

    [FieldOffset(StatusOffset)]
    internal ulong Status;

    [FieldOffset(VectorOffset)]
    internal ulong Vector;

    [FieldOffset(ErrorCodeOffset)]
    internal ulong ErrorCode;

    [FieldOffset(FaultAddressOffset)]
    internal ulong FaultAddress;

    [FieldOffset(VectorsOffset)]
    internal fixed byte VectorRegisters[Vectors * VectorSize];

    [FieldOffset(FirstWindowOffset)]
    internal fixed byte FirstWindow[NativeLayout.WindowSize];

    [FieldOffset(SecondWindowOffset)]
    internal fixed byte SecondWindow[NativeLayout.WindowSize];
}
