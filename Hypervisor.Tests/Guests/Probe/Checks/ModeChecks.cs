using System;
using Hypervisor.Core.Cpu;
using Hypervisor.Guests.Probe.Execution;
using Hypervisor.Guests.Probe.Layout;
using Hypervisor.Guests.Probe.Reporting;

namespace Hypervisor.Guests.Probe.Checks;

/// <summary>A round trip through all modes of the processor, with CPUID in each (AMD APM vol 2 §1.3, §14.4 to §14.6).</summary>
public static unsafe class ModeChecks
{
    private const ulong LowMemory = 0xA_0000;
    private const uint LegacyPage = 0x83; // 4 MiB, writable, present
    private const uint PaePage = 0x83; // 2 MiB, writable, present
    private const uint Present = 1;
    private const ulong Code32Descriptor = 0x00CF_9B00_0000_FFFF;
    private const ulong Data32Descriptor = 0x00CF_9300_0000_FFFF;
    private const ulong Code16Descriptor = 0x0000_9B00_0000_FFFF;
    private const ulong Data16Descriptor = 0x0000_9300_0000_FFFF;
    private const ulong Code64Descriptor = 0x00AF_9B00_0000_FFFF;
    private const int DebugVector = 1;
    private const int RealVectorSize = 4;
    private const ushort RealVectorsLimit = 0x3FF;
    private const int Trips = 3;

    /// <summary>Runs it.</summary>
    public static void Run()
    {
        byte* block = ProbeMemory.Allocate(TripLayout.Pages, LowMemory);
        if (block == null)
        {
            Report.Line("modes"u8, "no memory below 640 KiB"u8);
            return;
        }

        TripCode code;
        Stubs.TripCode(&code);
        Fill(block, &code);
        foreach (uint leaf in (ReadOnlySpan<uint>)[0, 1, 0x8000_0001])
        {
            *(uint*)(block + TripLayout.Leaf) = leaf;
            Trip(block, &code, leaf);
        }

        for (int i = 0; i < Trips; i++)
        {
            Stubs.Trip(block);
        }

        Report.Begin("modes-again"u8);
        Report.AppendField("interrupts"u8, *(ushort*)(block + TripLayout.RealInterrupts));
        Report.AppendField("efer"u8, Instructions.ReadMsr(Msr.Efer));
        Report.End();
    }

    private static void Trip(byte* block, TripCode* code, uint leaf)
    {
        *(ushort*)(block + TripLayout.RealInterrupts) = 0;
        *(ushort*)(block + TripLayout.RealSteps) = 0;
        *(ushort*)(block + TripLayout.RealStepIp) = 0xFFFF;
        ulong cr0 = Instructions.ReadCr0();
        ulong cr3 = Instructions.ReadCr3();
        ulong cr4 = Instructions.ReadCr4();
        Stubs.Trip(block);
        bool same = cr0 == Instructions.ReadCr0() && cr3 == Instructions.ReadCr3() && cr4 == Instructions.ReadCr4();
        for (TripStage stage = TripStage.Compatibility; stage <= TripStage.RealStepped; stage++)
        {
            CpuidResult* result = (CpuidResult*)(block + TripLayout.Results) + (int)stage;
            CpuidMask.Apply(leaf, result);
            Report.Begin(Name(stage));
            Report.AppendField("leaf"u8, leaf);
            Report.AppendField("eax"u8, result->Eax);
            Report.AppendField("ebx"u8, result->Ebx);
            Report.AppendField("ecx"u8, result->Ecx);
            Report.AppendField("edx"u8, result->Edx);
            Report.End();
        }

        Report.Begin("modes-real"u8);
        Report.AppendField("interrupts"u8, *(ushort*)(block + TripLayout.RealInterrupts));
        Report.AppendField("steps"u8, *(ushort*)(block + TripLayout.RealSteps));
        Report.AppendField("step-ip"u8, (ushort)(*(ushort*)(block + TripLayout.RealStepIp) - Offset16(code, code->Real)));
        Report.AppendField("efer"u8, *(uint*)(block + TripLayout.EferReal));
        Report.AppendField("efer-unpaged"u8, *(uint*)(block + TripLayout.EferUnpaged));
        Report.Append(same ? " back"u8 : " back with other control registers"u8);
        Report.End();
    }

    private static ReadOnlySpan<byte> Name(TripStage stage)
    {
        switch (stage)
        {
            case TripStage.Compatibility: return "modes-compatibility"u8;
            case TripStage.Unpaged: return "modes-protected-unpaged"u8;
            case TripStage.LegacyPaging: return "modes-protected-32-bit-paging"u8;
            case TripStage.PaePaging: return "modes-protected-pae-paging"u8;
            case TripStage.Protected16: return "modes-protected-16"u8;
            case TripStage.Real: return "modes-real-cpuid"u8;
            case TripStage.RealStepped: return "modes-real-cpuid-step"u8;
            default: return "?"u8;
        }
    }

    private static void Fill(byte* block, TripCode* code)
    {
        uint address = (uint)block;
        Copy(block + TripLayout.Code32, code->Code32, TripLayout.Code32Size);
        Copy(block + TripLayout.Code16, code->Code16, TripLayout.Code16Size);

        FillCommon(block, TripLayout.GdtSize);
        SetTable(block + TripLayout.RealIdtr, RealVectorsLimit, address + TripLayout.RealVectors);
        ulong* gdt = (ulong*)(block + TripLayout.Gdt);
        ulong atBlock = (ulong)address << 16; // base bits 23:0 in the descriptor
        gdt[TripLayout.Code16Selector / sizeof(ulong)] = Code16Descriptor | atBlock;
        gdt[TripLayout.Data16Selector / sizeof(ulong)] = Data16Descriptor | atBlock;

        SetFar(block + TripLayout.ToCode16, TripLayout.Code16, TripLayout.Code16Selector);
        SetFar(block + TripLayout.ToBack32, address + TripLayout.Code32 + (uint)(code->Back32 - code->Code32), TripLayout.Code32Selector);
        ushort segment = (ushort)(address >> 4);
        SetRealFar(block + TripLayout.ToReal, Offset16(code, code->Real), segment);
        byte* vectors = block + TripLayout.RealVectors;
        SetRealFar(vectors + (TripLayout.RealInterruptVector * RealVectorSize), Offset16(code, code->RealInterrupt), segment);
        SetRealFar(vectors + (DebugVector * RealVectorSize), Offset16(code, code->RealStep), segment);

        *(uint*)(block + TripLayout.PaeCr3) = address + TripLayout.PaePointers;
        *(ulong*)(block + TripLayout.PaePointers) = (address + TripLayout.PaeDirectory) | Present;
        *(ulong*)(block + TripLayout.PaeDirectory) = PaePage;
    }

    /// <summary>Fills what every trip out of 64-bit mode needs: flat segments, the way there and back, 32-bit paging.</summary>
    internal static void FillCommon(byte* block, int gdtSize)
    {
        TripCode code;
        Stubs.TripCode(&code);
        Copy(block + TripLayout.Code64, code.Code64, TripLayout.Code64Size);
        uint address = (uint)block;
        SetTable(block + TripLayout.Gdtr, (ushort)(gdtSize - 1), address + TripLayout.Gdt);
        ulong* gdt = (ulong*)(block + TripLayout.Gdt);
        gdt[TripLayout.Code32Selector / sizeof(ulong)] = Code32Descriptor;
        gdt[TripLayout.Data32Selector / sizeof(ulong)] = Data32Descriptor;
        gdt[TripLayout.Code64Selector / sizeof(ulong)] = Code64Descriptor;
        SetFar(block + TripLayout.ToCode32, address + TripLayout.Code32, TripLayout.Code32Selector);
        SetFar(block + TripLayout.ToBack64, address + TripLayout.Code64, TripLayout.Code64Selector);
        *(uint*)(block + TripLayout.LegacyCr3) = address + TripLayout.LegacyDirectory;
        *(uint*)(block + TripLayout.LegacyDirectory) = LegacyPage;
    }

    private static ushort Offset16(TripCode* code, byte* address) => (ushort)(TripLayout.Code16 + (address - code->Code16));

    internal static void Copy(byte* target, byte* source, int size)
    {
        for (int i = 0; i < size; i++)
        {
            target[i] = source[i];
        }
    }

    internal static void SetTable(byte* target, ushort limit, ulong address)
    {
        *(ushort*)target = limit;
        *(ulong*)(target + sizeof(ushort)) = address;
    }

    internal static void SetFar(byte* target, uint offset, ushort selector)
    {
        *(uint*)target = offset;
        *(ushort*)(target + sizeof(uint)) = selector;
    }

    private static void SetRealFar(byte* target, ushort offset, ushort segment)
    {
        *(ushort*)target = offset;
        *(ushort*)(target + sizeof(ushort)) = segment;
    }
}
