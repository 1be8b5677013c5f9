using System;

namespace Hypervisor.Core.Cpu;

/// <summary>The ordinary build's side of the seam: every instruction goes to <see cref="Processor"/>.</summary>
public static unsafe partial class Instructions
{
    /// <summary>The processor that executes; null until a test plugs one in.</summary>
    public static IProcessor? Processor { get; set; }

    private static IProcessor Plugged => Processor ?? throw new InvalidOperationException("No processor is plugged in: set Instructions.Processor first.");

    public static partial void Cpuid(uint leaf, uint subleaf, CpuidResult* result) => Plugged.Cpuid(leaf, subleaf, result);

    public static partial uint CpuidForGuest(GuestRegisters* registers) => Plugged.CpuidForGuest(registers);

    public static partial ulong ReadMsr(uint msr) => Plugged.ReadMsr(msr);

    public static partial void WriteMsr(uint msr, ulong value) => Plugged.WriteMsr(msr, value);

    public static partial uint TryReadMsr(uint msr, ulong* value) => Plugged.TryReadMsr(msr, value);

    public static partial uint TryWriteMsr(uint msr, ulong value) => Plugged.TryWriteMsr(msr, value);

    public static partial uint TryWriteXcr(uint index, ulong value) => Plugged.TryWriteXcr(index, value);

    public static partial ulong ReadCr0() => Plugged.ReadCr0();

    public static partial ulong ReadCr2() => Plugged.ReadCr2();

    public static partial ulong ReadCr3() => Plugged.ReadCr3();

    public static partial void WriteCr3(ulong value) => Plugged.WriteCr3(value);

    public static partial ulong ReadCr4() => Plugged.ReadCr4();

    public static partial void WriteCr4(ulong value) => Plugged.WriteCr4(value);

    public static partial void WriteCr2(ulong value) => Plugged.WriteCr2(value);

    public static partial ulong ReadCr8() => Plugged.ReadCr8();

    public static partial ulong ReadDr6() => Plugged.ReadDr6();

    public static partial void WriteDr6(ulong value) => Plugged.WriteDr6(value);

    public static partial ulong ReadDr7() => Plugged.ReadDr7();

    public static partial void ClearDebugAddresses() => Plugged.ClearDebugAddresses();

    public static partial ulong ReadRFlags() => Plugged.ReadRFlags();

    public static partial void DisableInterrupts() => Plugged.DisableInterrupts();

    public static partial ushort ReadSelector(SegmentName segment) => Plugged.ReadSelector(segment);

    public static partial void StoreGdt(DescriptorTableRegister* destination) => Plugged.StoreGdt(destination);

    public static partial void StoreIdt(DescriptorTableRegister* destination) => Plugged.StoreIdt(destination);

    public static partial byte In8(ushort port) => Plugged.In8(port);

    public static partial void Out8(ushort port, byte value) => Plugged.Out8(port, value);

    public static partial ushort In16(ushort port) => Plugged.In16(port);

    public static partial void Out16(ushort port, ushort value) => Plugged.Out16(port, value);

    public static partial uint In32(ushort port) => Plugged.In32(port);

    public static partial void Out32(ushort port, uint value) => Plugged.Out32(port, value);

    public static partial ulong ReadTimestamp() => Plugged.ReadTimestamp();

    public static partial void Pause() => Plugged.Pause();

    public static partial void Halt() => Plugged.Halt();

    public static partial void WriteBackInvalidate() => Plugged.WriteBackInvalidate();

    public static partial void Undefined() => Plugged.Undefined();

    public static partial void OpenGlobalInterruptWindow() => Plugged.OpenGlobalInterruptWindow();

    public static partial void OpenInterruptWindow() => Plugged.OpenInterruptWindow();

    public static partial void OpenInterruptWindowUnderGif() => Plugged.OpenInterruptWindowUnderGif();

    public static partial void VmSave(ulong vmcbPhysicalAddress) => Plugged.VmSave(vmcbPhysicalAddress);

    public static partial uint ReadMmio32(ulong address) => Plugged.ReadMmio32(address);

    public static partial void WriteMmio32(ulong address, uint value) => Plugged.WriteMmio32(address, value);

    public static partial byte ReadMmio8(ulong address) => Plugged.ReadMmio8(address);

    public static partial ushort ReadMmio16(ulong address) => Plugged.ReadMmio16(address);

    public static partial ulong ReadMmio64(ulong address) => Plugged.ReadMmio64(address);

    public static partial void WriteMmio8(ulong address, byte value) => Plugged.WriteMmio8(address, value);

    public static partial void WriteMmio16(ulong address, ushort value) => Plugged.WriteMmio16(address, value);

    public static partial void WriteMmio64(ulong address, ulong value) => Plugged.WriteMmio64(address, value);

    public static partial void XtsEncrypt(void* schedule, byte* data, ulong blocks, byte* tweak) => Plugged.XtsEncrypt(schedule, data, blocks, tweak);

    public static partial void XtsDecrypt(void* schedule, byte* data, ulong blocks, byte* tweak) => Plugged.XtsDecrypt(schedule, data, blocks, tweak);

    public static partial uint CallContained(delegate*<void*, void> function, void* argument, ulong* mark) => Plugged.CallContained(function, argument, mark);

    public static partial void EndContained(ulong mark) => Plugged.EndContained(mark);

    public static partial uint TryRead64(ulong address, ulong* value) => Plugged.TryRead64(address, value);

    public static partial uint CompareExchange(uint* location, uint value, uint comparand) => Plugged.CompareExchange(location, value, comparand);

    public static partial uint Exchange(uint* location, uint value) => Plugged.Exchange(location, value);

    public static partial uint ExchangeAdd(uint* location, uint value) => Plugged.ExchangeAdd(location, value);

    public static partial void Hypercall(ulong signature, ulong function, uint vmcall) => Plugged.Hypercall(signature, function, vmcall);

    public static partial uint CallResident(ulong launch, void* parameters) => Plugged.CallResident(launch, parameters);

    public static partial void SvmLaunch(void* processor, void* vmcb, ulong rip, ulong rsp) => Plugged.SvmLaunch(processor, vmcb, rip, rsp);

    public static partial void SvmRun(void* processor) => Plugged.SvmRun(processor);

    public static partial uint TryVmxOn(ulong* region) => Plugged.TryVmxOn(region);

    public static partial ulong ReadXcr0() => Plugged.ReadXcr0();

    public static partial void StoreVector(uint number, void* value) => Plugged.StoreVector(number, value);

    public static partial void LoadVector(uint number, void* value) => Plugged.LoadVector(number, value);

    public static partial void StoreVectorHigh(uint number, void* value) => Plugged.StoreVectorHigh(number, value);

    public static partial void LoadVectorHigh(uint number, void* value) => Plugged.LoadVectorHigh(number, value);

    public static partial void VmxOff() => Plugged.VmxOff();

    public static partial uint VmClear(ulong* vmcs) => Plugged.VmClear(vmcs);

    public static partial uint VmPtrLoad(ulong* vmcs) => Plugged.VmPtrLoad(vmcs);

    public static partial ulong VmRead(uint field) => Plugged.VmRead(field);

    public static partial uint TryVmRead(uint field, ulong* value) => Plugged.TryVmRead(field, value);

    public static partial void VmWrite(uint field, ulong value) => Plugged.VmWrite(field, value);

    public static partial void InvalidateEpt(uint kind, ulong pointer) => Plugged.InvalidateEpt(kind, pointer);

    public static partial void InvalidateVpid(uint kind, ushort vpid) => Plugged.InvalidateVpid(kind, vpid);

    public static partial void VmxLaunch() => Plugged.VmxLaunch();

    public static partial void UnblockNmis() => Plugged.UnblockNmis();

    public static partial ulong VmxExitPoint() => Plugged.VmxExitPoint();

    public static partial void VmxRun(void* processor) => Plugged.VmxRun(processor);

    public static partial ulong ExceptionEntries() => Plugged.ExceptionEntries();

    public static partial void FaultableRange(ulong* begin, ulong* end) => Plugged.FaultableRange(begin, end);

    public static partial void TrampolineCode(ulong* code16, ulong* code64, ulong* entry) => Plugged.TrampolineCode(code16, code64, entry);
}
