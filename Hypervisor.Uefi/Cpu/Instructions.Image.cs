using System.Runtime;
using System.Runtime.CompilerServices;

namespace Hypervisor.Core.Cpu;

/// <summary>The image's side of the seam: each method is the stub of the same name, called plainly.</summary>
public static unsafe partial class Instructions
{
    [RuntimeImport("*", "hv_Cpuid")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void Cpuid(uint leaf, uint subleaf, CpuidResult* result);

    [RuntimeImport("*", "hv_CpuidForGuest")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial uint CpuidForGuest(GuestRegisters* registers);

    [RuntimeImport("*", "hv_ReadMsr")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial ulong ReadMsr(uint msr);

    [RuntimeImport("*", "hv_WriteMsr")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void WriteMsr(uint msr, ulong value);

    [RuntimeImport("*", "hv_TryReadMsr")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial uint TryReadMsr(uint msr, ulong* value);

    [RuntimeImport("*", "hv_TryWriteMsr")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial uint TryWriteMsr(uint msr, ulong value);

    [RuntimeImport("*", "hv_TryWriteXcr")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial uint TryWriteXcr(uint index, ulong value);

    [RuntimeImport("*", "hv_ReadCr0")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial ulong ReadCr0();

    [RuntimeImport("*", "hv_ReadCr2")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial ulong ReadCr2();

    [RuntimeImport("*", "hv_ReadCr3")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial ulong ReadCr3();

    [RuntimeImport("*", "hv_WriteCr3")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void WriteCr3(ulong value);

    [RuntimeImport("*", "hv_ReadCr4")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial ulong ReadCr4();

    [RuntimeImport("*", "hv_WriteCr4")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void WriteCr4(ulong value);

    [RuntimeImport("*", "hv_WriteCr2")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void WriteCr2(ulong value);

    [RuntimeImport("*", "hv_ReadCr8")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial ulong ReadCr8();

    [RuntimeImport("*", "hv_ReadDr6")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial ulong ReadDr6();

    [RuntimeImport("*", "hv_WriteDr6")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void WriteDr6(ulong value);

    [RuntimeImport("*", "hv_ReadDr7")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial ulong ReadDr7();

    [RuntimeImport("*", "hv_ClearDebugAddresses")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void ClearDebugAddresses();

    [RuntimeImport("*", "hv_ReadRFlags")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial ulong ReadRFlags();

    [RuntimeImport("*", "hv_DisableInterrupts")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void DisableInterrupts();

    [RuntimeImport("*", "hv_ReadSelector")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial ushort ReadSelector(SegmentName segment);

    [RuntimeImport("*", "hv_StoreGdt")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void StoreGdt(DescriptorTableRegister* destination);

    [RuntimeImport("*", "hv_StoreIdt")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void StoreIdt(DescriptorTableRegister* destination);

    [RuntimeImport("*", "hv_In8")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial byte In8(ushort port);

    [RuntimeImport("*", "hv_Out8")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void Out8(ushort port, byte value);

    [RuntimeImport("*", "hv_In16")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial ushort In16(ushort port);

    [RuntimeImport("*", "hv_Out16")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void Out16(ushort port, ushort value);

    [RuntimeImport("*", "hv_In32")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial uint In32(ushort port);

    [RuntimeImport("*", "hv_Out32")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void Out32(ushort port, uint value);

    [RuntimeImport("*", "hv_ReadTimestamp")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial ulong ReadTimestamp();

    [RuntimeImport("*", "hv_Pause")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void Pause();

    [RuntimeImport("*", "hv_Halt")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void Halt();

    [RuntimeImport("*", "hv_WriteBackInvalidate")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void WriteBackInvalidate();

    [RuntimeImport("*", "hv_Undefined")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void Undefined();

    [RuntimeImport("*", "hv_OpenGlobalInterruptWindow")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void OpenGlobalInterruptWindow();

    [RuntimeImport("*", "hv_OpenInterruptWindow")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void OpenInterruptWindow();

    [RuntimeImport("*", "hv_OpenInterruptWindowUnderGif")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void OpenInterruptWindowUnderGif();

    [RuntimeImport("*", "hv_VmSave")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void VmSave(ulong vmcbPhysicalAddress);

    [RuntimeImport("*", "hv_ReadMmio32")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial uint ReadMmio32(ulong address);

    [RuntimeImport("*", "hv_WriteMmio32")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void WriteMmio32(ulong address, uint value);

    [RuntimeImport("*", "hv_ReadMmio8")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial byte ReadMmio8(ulong address);

    [RuntimeImport("*", "hv_ReadMmio16")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial ushort ReadMmio16(ulong address);

    [RuntimeImport("*", "hv_ReadMmio64")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial ulong ReadMmio64(ulong address);

    [RuntimeImport("*", "hv_WriteMmio8")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void WriteMmio8(ulong address, byte value);

    [RuntimeImport("*", "hv_WriteMmio16")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void WriteMmio16(ulong address, ushort value);

    [RuntimeImport("*", "hv_WriteMmio64")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void WriteMmio64(ulong address, ulong value);

    [RuntimeImport("*", "hv_XtsEncrypt")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void XtsEncrypt(void* schedule, byte* data, ulong blocks, byte* tweak);

    [RuntimeImport("*", "hv_XtsDecrypt")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void XtsDecrypt(void* schedule, byte* data, ulong blocks, byte* tweak);

    [RuntimeImport("*", "hv_CallContained")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial uint CallContained(delegate*<void*, void> function, void* argument, ulong* mark);

    [RuntimeImport("*", "hv_EndContained")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void EndContained(ulong mark);

    [RuntimeImport("*", "hv_TryRead64")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial uint TryRead64(ulong address, ulong* value);

    [RuntimeImport("*", "hv_CompareExchange")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial uint CompareExchange(uint* location, uint value, uint comparand);

    [RuntimeImport("*", "hv_Exchange")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial uint Exchange(uint* location, uint value);

    [RuntimeImport("*", "hv_ExchangeAdd")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial uint ExchangeAdd(uint* location, uint value);

    [RuntimeImport("*", "hv_Hypercall")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void Hypercall(ulong signature, ulong function, uint vmcall);

    [RuntimeImport("*", "hv_CallResident")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial uint CallResident(ulong launch, void* parameters);

    [RuntimeImport("*", "hv_SvmLaunch")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void SvmLaunch(void* processor, void* vmcb, ulong rip, ulong rsp);

    [RuntimeImport("*", "hv_SvmRun")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void SvmRun(void* processor);

    [RuntimeImport("*", "hv_TryVmxOn")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial uint TryVmxOn(ulong* region);

    [RuntimeImport("*", "hv_ReadXcr0")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial ulong ReadXcr0();

    [RuntimeImport("*", "hv_StoreVector")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void StoreVector(uint number, void* value);

    [RuntimeImport("*", "hv_LoadVector")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void LoadVector(uint number, void* value);

    [RuntimeImport("*", "hv_StoreVectorHigh")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void StoreVectorHigh(uint number, void* value);

    [RuntimeImport("*", "hv_LoadVectorHigh")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void LoadVectorHigh(uint number, void* value);

    [RuntimeImport("*", "hv_VmxOff")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void VmxOff();

    [RuntimeImport("*", "hv_VmClear")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial uint VmClear(ulong* vmcs);

    [RuntimeImport("*", "hv_VmPtrLoad")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial uint VmPtrLoad(ulong* vmcs);

    [RuntimeImport("*", "hv_VmRead")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial ulong VmRead(uint field);

    [RuntimeImport("*", "hv_TryVmRead")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial uint TryVmRead(uint field, ulong* value);

    [RuntimeImport("*", "hv_VmWrite")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void VmWrite(uint field, ulong value);

    [RuntimeImport("*", "hv_InvalidateEpt")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void InvalidateEpt(uint kind, ulong pointer);

    [RuntimeImport("*", "hv_InvalidateVpid")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void InvalidateVpid(uint kind, ushort vpid);

    [RuntimeImport("*", "hv_VmxLaunch")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void VmxLaunch();

    [RuntimeImport("*", "hv_UnblockNmis")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void UnblockNmis();

    [RuntimeImport("*", "hv_VmxExitPoint")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial ulong VmxExitPoint();

    [RuntimeImport("*", "hv_VmxRun")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void VmxRun(void* processor);

    [RuntimeImport("*", "hv_ExceptionEntries")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial ulong ExceptionEntries();

    [RuntimeImport("*", "hv_FaultableRange")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void FaultableRange(ulong* begin, ulong* end);

    [RuntimeImport("*", "hv_TrampolineCode")]
    [MethodImpl(MethodImplOptions.InternalCall)]
    public static extern partial void TrampolineCode(ulong* code16, ulong* code64, ulong* entry);
}
